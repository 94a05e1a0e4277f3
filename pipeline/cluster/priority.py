"""Work that gives way to everything else on the machine."""

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_log = logging.getLogger(__name__)

NICENESS = 5
"""Of the thread that works politely: a third of what others get. With much less it would not get on at all
where others are busy all the time."""

Result = TypeVar("Result")


def run_politely(work: Callable[[], Result], *, polite: bool = True) -> Result:
    """Let a thread of its own do something at low priority, and wait for it.

    A process that replaces another one takes a core for seconds to load its model, just when those that live
    have the work of the dead one on top of their own. Only the thread is polite, and those that it starts:
    without special rights, a thread that has lowered its priority can't raise it again.

    Args:
        work: What is to be done; its error is raised here.
        polite: If not, it is simply done.
    """
    if not polite:
        return work()
    done: Future[Result] = Future()

    def run() -> None:
        _lower_priority()
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="polite", daemon=True).start()
    return done.result()


def _lower_priority() -> None:
    try:
        # Linux has priorities of threads, and takes a thread's id here.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    except OSError as error:
        _log.info("the priority of a thread can't be lowered: %s", error)
