"""For what a run waits: from why a partition is not owned to the service that must come back."""

from dataclasses import dataclass

KAFKA_SILENT = ("KafkaUnavailableError",)
KAFKA_REFUSES = ("BrokerError", "NotCommittedError", "OutcomeUnknownError")
REDIS_FAILS = ("StateStoreError",)


@dataclass(frozen=True, slots=True)
class Services:
    """Addresses of the services, without secrets.

    Attributes:
        kafka: Bootstrap servers.
        redis: host:port/database of Redis.
    """

    kafka: str
    redis: str

    def is_down(self, name: str) -> str:
        """What a run waits for, by the name of a service: `kafka` or `redis`."""
        if name == "kafka":
            return f"Kafka at {self.kafka} does not answer"
        return f"Redis at {self.redis} does not answer, or refuses"

    def to_blame(self, reason: str) -> str:
        """What a run waits for, by a reason that names the class of an error; "" if it is neither service."""
        if any(name in reason for name in KAFKA_SILENT):
            return self.is_down("kafka")
        if any(name in reason for name in REDIS_FAILS):
            return self.is_down("redis")
        if any(name in reason for name in KAFKA_REFUSES):
            return f"Kafka at {self.kafka} does not complete what it is asked"
        return ""
