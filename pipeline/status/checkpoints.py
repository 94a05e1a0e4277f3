"""What the checkpoints of all partitions say, also when nothing runs."""

from pipeline.commit.checkpoint_log import CheckpointLog
from pipeline.config import KafkaSettings
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.whole_topic import read_topic
from pipeline.wire.topics import TopicNames


def read_checkpoints(
    kafka: KafkaSettings, num_partitions: int, *, client_id: str, deadline: float
) -> dict[int, CheckpointLog]:
    """The checkpoints by partition.

    Args:
        kafka: Which Kafka and whose topics.
        num_partitions: Partitions of the topic.
        client_id: Name in the broker's logs.
        deadline: Until when, by `time.monotonic()`.

    Raises:
        BrokerError: Not done in time.
        CheckpointRecordError: A record can't be understood.
    """
    logs = {partition: CheckpointLog(partition) for partition in range(num_partitions)}
    topic = TopicNames.of(kafka.prefix).checkpoints
    for record in read_topic(
        connection_kwargs(kafka), topic, num_partitions, client_id=client_id, deadline=deadline
    ):
        logs[record.partition].extend([record])
    return logs
