"""Asks Kafka about a running system: topics, positions and the streams' last narrations.

Nothing here asks the actors: the topics alone tell what is true, also when nothing runs.
"""

import time
from collections.abc import Mapping

from pipeline.commit.checkpoint_log import CheckpointLog
from pipeline.config import KafkaSettings, Settings
from pipeline.errors import WireError
from pipeline.kafka_io.admin import KafkaAdmin, TopicState
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import PartitionConsumer
from pipeline.status.checkpoints import read_checkpoints
from pipeline.status.views import KafkaView, PartitionView, StreamView, TopicView
from pipeline.wire.narration_event import NarrationEvent, decode_narration
from pipeline.wire.topics import TopicNames

CLIENT_ID = "flownar-status"

CONNECT_TIMEOUT_S = 3.0
"""A broker that takes longer to answer is not well."""

TAIL_RECORDS = 200
"""How far back the last narrations are looked for in each partition; older streams show without a text."""


def read_kafka_view(settings: Settings, timeout_s: float) -> KafkaView:
    """Ask Kafka.

    Args:
        settings: Which Kafka and whose topics.
        timeout_s: For reading checkpoints and narrations of all partitions together.

    Raises:
        BrokerError: Kafka can't be reached or does not answer in time.
    """
    kafka = settings.kafka
    names = TopicNames.of(kafka.prefix)
    all_names = [names.frames, names.narrations, names.checkpoints, names.dlq, names.cameras]
    with KafkaAdmin(kafka, timeout_s=CONNECT_TIMEOUT_S) as admin:
        states = {state.name: state for state in admin.describe_topics(all_names)}
        topics = tuple(_topic(admin, name, states.get(name)) for name in all_names)
        frames = states.get(names.frames)
        ends = admin.end_offsets(names.frames, frames.num_partitions) if frames else {}
    deadline = time.monotonic() + timeout_s
    checkpoints = states.get(names.checkpoints)
    num_partitions = checkpoints.num_partitions if checkpoints else 0
    logs = read_checkpoints(kafka, num_partitions, client_id=CLIENT_ID, deadline=deadline)
    last = _last_narrations(kafka, names.narrations, states, deadline)
    partitions = tuple(
        _partition(partition, end, logs.get(partition)) for partition, end in sorted(ends.items())
    )
    return KafkaView(topics, partitions, _streams(logs, last))


def _topic(admin: KafkaAdmin, name: str, state: TopicState | None) -> TopicView:
    if state is None:
        return TopicView(name, 0, 0)
    ends = admin.end_offsets(name, state.num_partitions)
    begins = admin.begin_offsets(name, state.num_partitions)
    return TopicView(name, state.num_partitions, sum(ends.values()) - sum(begins.values()))


def _last_narrations(
    kafka: KafkaSettings, topic: str, states: Mapping[str, TopicState], deadline: float
) -> dict[str, NarrationEvent]:
    last: dict[str, NarrationEvent] = {}
    if topic not in states:
        return last
    with _consumer(kafka) as consumer:
        for partition in range(states[topic].num_partitions):
            bounds = consumer.bounds(topic, partition)
            consumer.assign(topic, partition, max(bounds.beginning, bounds.end - TAIL_RECORDS))
            for record in consumer.read_to(topic, partition, bounds.end, deadline):
                try:
                    event = decode_narration(record.value, record.headers)
                except WireError:
                    # An event of another type.
                    continue
                last[event.stream] = event
            consumer.unassign(topic, partition)
    return last


def _partition(partition: int, end: int, log: CheckpointLog | None) -> PartitionView:
    position = log.position if log else None
    owner = log.owner if log else None
    committed = position.position if position else -1
    return PartitionView(
        partition=partition,
        end=end,
        committed=committed,
        lag=end - max(committed, 0),
        generation=owner.generation if owner else -1,
        narrator=owner.narrator if owner else "",
    )


def _streams(logs: Mapping[int, CheckpointLog], last: Mapping[str, NarrationEvent]) -> tuple[StreamView, ...]:
    checkpoints = {stream: (p, record) for p, log in logs.items() for stream, record in log.streams.items()}
    views = []
    for stream in sorted(checkpoints.keys() | last.keys()):
        event = last.get(stream)
        partition, record = checkpoints.get(stream, (event.source_partition if event else -1, None))
        views.append(
            StreamView(
                stream=stream,
                partition=partition,
                num_events=record.next_event if record else -1,
                ended=record is None or record.ended,
                last_text=event.narration.text if event else "",
                last_time_ns=event.narration.end_time_ns if event else 0,
            )
        )
    return tuple(views)


def _consumer(kafka: KafkaSettings) -> PartitionConsumer:
    return PartitionConsumer(connection_kwargs(kafka), client_id=CLIENT_ID, read_committed=True)
