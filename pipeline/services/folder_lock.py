"""One command at a time changes the services of a state folder."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import ServiceError

_POLL_S = 0.1


@contextmanager
def folder_lock(folder: Path, deadline_s: float) -> Iterator[None]:
    """Hold the folder's lock; the kernel lets it go when the process ends, however it ends.

    Raises:
        ServiceError: Another process holds it for longer than `deadline_s`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + deadline_s
    with (folder / ".lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise ServiceError(
                        f"Another command has been changing the services in {folder} for {deadline_s:g} s.",
                        action="Wait for it, or look for a `flownar up` or `down` that hangs.",
                    ) from error
                time.sleep(_POLL_S)
        yield
