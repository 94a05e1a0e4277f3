"""The whole status: local services, Kafka, Redis, Ray."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipeline.config import Settings
from pipeline.errors import PipelineError
from pipeline.services.local import ServiceState, service_states
from pipeline.status.kafka_view import read_kafka_view
from pipeline.status.redis_view import RedisView, read_redis_view
from pipeline.status.views import KafkaView

TIMEOUT_S = 15.0
"""For reading all partitions: a status that takes longer is of no use."""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What runs, where, and how far it is.

    Attributes:
        services: The services that `flownar up` starts on this machine.
        kafka: What Kafka says, or None if it can't be asked.
        kafka_error: Why not.
        redis: What Redis says, or None if it can't be asked.
        redis_error: Why not.
    """

    services: tuple[ServiceState, ...]
    kafka: KafkaView | None
    kafka_error: str
    redis: RedisView | None
    redis_error: str

    @property
    def healthy(self) -> bool:
        """Kafka and Redis answer."""
        return self.kafka is not None and self.redis is not None


def gather_status(settings: Settings) -> StatusReport:
    """Ask all, each within a deadline; what does not answer is told, not raised."""
    kafka, kafka_error, redis, redis_error = None, "", None, ""
    with ThreadPoolExecutor(2) as pool:
        asked_kafka = pool.submit(read_kafka_view, settings, TIMEOUT_S)
        asked_redis = pool.submit(read_redis_view, settings.redis)
        try:
            kafka = asked_kafka.result()
        except PipelineError as error:
            kafka_error = str(error)
        try:
            redis = asked_redis.result()
        except PipelineError as error:
            redis_error = str(error)
    return StatusReport(service_states(settings), kafka, kafka_error, redis, redis_error)
