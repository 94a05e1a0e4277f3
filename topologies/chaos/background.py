"""Work beside something else, in a thread that ends with a `with` block."""

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class BackgroundWork(ABC):
    """Starts with the block and ends with it.

    Args:
        name: Name of the thread.
        join_deadline_s: How long the block's end waits for the thread: one that hangs in a call must not hold
            everything up.
    """

    def __init__(self, name: str, join_deadline_s: float = 60.0) -> None:
        self._join_deadline_s = join_deadline_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._stop.set()
        self._thread.join(self._join_deadline_s)

    @abstractmethod
    def _run(self) -> None:
        """Work until `_stop` is set."""
