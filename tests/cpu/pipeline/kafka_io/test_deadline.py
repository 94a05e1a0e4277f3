import threading

import pytest

from pipeline.errors import KafkaUnavailableError
from pipeline.kafka_io.deadline import call_with_deadline


def test_the_result_or_the_error_of_the_call_comes_back() -> None:
    assert call_with_deadline("adding", 5.0, lambda: 1 + 1) == 2
    with pytest.raises(ZeroDivisionError):
        call_with_deadline("dividing", 5.0, lambda: 1 // 0)


def test_a_call_that_hangs_is_an_error_after_the_deadline() -> None:
    release = threading.Event()
    with pytest.raises(KafkaUnavailableError, match=r"within 0\.05 s: hanging"):
        call_with_deadline("hanging", 0.05, release.wait)
    release.set()


def test_a_timeout_inside_the_call_is_not_taken_for_ours() -> None:
    def times_out() -> None:
        raise TimeoutError("inner")

    with pytest.raises(TimeoutError, match="inner"):
        call_with_deadline("timing out", 5.0, times_out)
