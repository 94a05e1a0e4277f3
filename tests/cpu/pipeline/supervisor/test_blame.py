import pytest

from pipeline.errors import BlobLostError, KafkaUnavailableError, StateStoreError
from pipeline.supervisor.blame import Services

SERVICES = Services("kafka-1:9092", "redis-1:6379/0")


@pytest.mark.parametrize(
    ("reason", "blamed"),
    [
        ("takeover failed: KafkaUnavailableError: No answer.", "Kafka at kafka-1:9092 does not answer"),
        (
            f"narrator-0: commit failed: {KafkaUnavailableError('No answer.')!r}",
            "Kafka at kafka-1:9092 does not",
        ),
        (f"commit failed: {StateStoreError('Redis refused.')!r}", "Redis at redis-1:6379/0 does not answer"),
        ("takeover failed: OutcomeUnknownError: x", "Kafka at kafka-1:9092 does not complete"),
        ("commit failed: FencedError: a newer producer took over", ""),
        (f"takeover failed: {BlobLostError('a blob is damaged')!r}", ""),
        ("narrator-0 is gone: ActorDiedError", ""),
    ],
)
def test_the_error_tells_the_service(reason: str, blamed: str) -> None:
    found = SERVICES.to_blame(reason)
    assert found.startswith(blamed)
    assert bool(found) == bool(blamed)
