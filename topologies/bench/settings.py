"""How benchmarks of a running system run: in a state folder of their own."""

from pipeline.config import KafkaSettings, Settings, load_settings
from topologies.own_services import settings_in


def bench_settings(num_partitions: int) -> Settings:
    """The user's settings of model and shape, in a state folder with a Kafka, Redis and Ray of its own."""
    kafka = KafkaSettings(partitions=num_partitions)
    return settings_in("bench", load_settings().settings, kafka=kafka)
