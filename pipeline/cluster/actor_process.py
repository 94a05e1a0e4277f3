"""What every actor does first in its process: log with its name, and give freed memory back."""

import ctypes
import logging
import sys
import threading
import time
from collections.abc import Callable

MAX_ARENAS = 2
TRIM_EVERY_S = 30.0

_M_ARENA_MAX = -8


def set_up_process(name: str) -> None:
    """Prepare the process of an actor, before it imports or allocates much.

    Args:
        name: Its name.
    """
    log_as(name)
    if trim := memory_trimmer():
        threading.Thread(target=_repeat, args=(trim,), name="memory-trimmer", daemon=True).start()


def log_as(name: str) -> None:
    """Log with an actor's name from now on, on standard error, which Ray keeps in a file per process."""
    logging.basicConfig(
        level=logging.INFO,
        format=f"%(asctime)s %(levelname)s {name} %(name)s: %(message)s",
        force=True,
    )
    # They warn of every refused connection and reconnect, which our own errors tell better.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


def memory_trimmer() -> Callable[[], None] | None:
    """Bound what the C library keeps of freed memory; returns what gives it back, None if nothing can.

    The GNU library keeps a pool per thread. A process with many threads, some of which handle images and
    features, would grow for hours.
    """
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    if not (hasattr(library, "mallopt") and hasattr(library, "malloc_trim")):
        return None
    library.mallopt(_M_ARENA_MAX, MAX_ARENAS)

    def trim() -> None:
        library.malloc_trim(0)

    return trim


def _repeat(trim: Callable[[], None]) -> None:
    while True:
        time.sleep(TRIM_EVERY_S)
        trim()
