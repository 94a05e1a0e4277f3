import pytest

from pipeline.errors import BlobLostError, KafkaUnavailableError, StateStoreError
from pipeline.supervisor.blame import KAFKA, REDIS, SLOW_KAFKA, Services, to_blame

SERVICES = Services("kafka-1:9092", "redis-1:6379/0")


@pytest.mark.parametrize(
    ("reason", "service"),
    [
        ("takeover failed: KafkaUnavailableError: No answer.", KAFKA),
        (f"narrator-0: commit failed: {KafkaUnavailableError('No answer.')!r}", KAFKA),
        (f"commit failed: {StateStoreError('Redis refused.')!r}", REDIS),
        ("takeover failed: OutcomeUnknownError: x", SLOW_KAFKA),
        ("commit failed: FencedError: a newer producer took over", ""),
        (f"takeover failed: {BlobLostError('a blob is damaged')!r}", ""),
        ("narrator-0 is gone: ActorDiedError", ""),
    ],
)
def test_the_error_tells_the_service(reason: str, service: str) -> None:
    assert to_blame(reason) == service


def test_what_is_waited_for_is_told_once() -> None:
    assert SERVICES.waiting([]) == ""
    assert SERVICES.waiting([KAFKA, SLOW_KAFKA, KAFKA]) == "Kafka at kafka-1:9092 does not answer"
    both = SERVICES.waiting([REDIS, SLOW_KAFKA])
    assert both.startswith("Kafka at kafka-1:9092 does not complete")
    assert both.endswith("; Redis at redis-1:6379/0 does not answer, or refuses")
