"""For what a run waits: from why a partition is not owned to the service that must come back."""

from collections.abc import Iterable
from dataclasses import dataclass

KAFKA_SILENT = ("KafkaUnavailableError",)
KAFKA_REFUSES = ("BrokerError", "NotCommittedError", "OutcomeUnknownError")
REDIS_FAILS = ("StateStoreError",)

KAFKA = "kafka"
SLOW_KAFKA = "slow kafka"
REDIS = "redis"


@dataclass(frozen=True, slots=True)
class Services:
    """Addresses of the services, without secrets.

    Attributes:
        kafka: Bootstrap servers.
        redis: host:port/database of Redis.
    """

    kafka: str
    redis: str

    def waiting(self, services: Iterable[str]) -> str:
        """What a run waits for, for people; "" for nothing.

        Args:
            services: As `to_blame` names them.
        """
        blamed = set(services)
        texts = {
            KAFKA: f"Kafka at {self.kafka} does not answer",
            SLOW_KAFKA: f"Kafka at {self.kafka} does not complete what it is asked",
            REDIS: f"Redis at {self.redis} does not answer, or refuses",
        }
        if KAFKA in blamed:
            blamed.discard(SLOW_KAFKA)
        return "; ".join(text for name, text in texts.items() if name in blamed)


def to_blame(reason: str) -> str:
    """The service that a reason is about, which names the class of an error; "" if it is about neither."""
    if any(name in reason for name in KAFKA_SILENT):
        return KAFKA
    if any(name in reason for name in REDIS_FAILS):
        return REDIS
    return SLOW_KAFKA if any(name in reason for name in KAFKA_REFUSES) else ""
