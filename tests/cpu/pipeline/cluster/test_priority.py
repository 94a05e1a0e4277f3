import os
import threading

import pytest

from pipeline.cluster.priority import NICENESS, run_politely


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_only_the_work_is_polite() -> None:
    before = niceness()
    assert run_politely(niceness) == max(before, NICENESS)
    assert niceness() == before
    assert run_politely(niceness, polite=False) == before
    thread_after: list[int] = []
    thread = threading.Thread(target=lambda: thread_after.append(niceness()))
    thread.start()
    thread.join()
    assert thread_after == [before]


def test_its_error_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        run_politely(lambda: 1 / 0)
