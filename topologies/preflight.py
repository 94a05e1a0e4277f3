"""What must be there before a topology starts."""

from operators.checkpoints.folder import read_config
from pipeline.config import Settings
from pipeline.errors import TopicError
from pipeline.kafka_io.admin import KafkaAdmin
from pipeline.kafka_io.topic_check import check_topics
from pipeline.wire.topics import topic_specs


def check_services(settings: Settings) -> None:
    """Say now what would stop every actor later: no broker, no topics, no model.

    Raises:
        CheckpointError: The model folder is not there.
        BrokerError: Kafka does not answer.
        TopicError: A topic is missing, or has other partitions.
    """
    read_config(settings.model.path)
    specs = topic_specs(settings.kafka, settings.frames)
    with KafkaAdmin(settings.kafka) as admin:
        states = admin.describe_topics([spec.name for spec in specs])
    for difference in check_topics(specs, states):
        if difference.setting in ("topic", "partitions"):
            raise TopicError(f"The topic {difference.topic} {difference.what}.", action=difference.action)
