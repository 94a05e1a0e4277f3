"""What was narrated, and how late."""

import json
from dataclasses import dataclass

from pipeline.config import Settings
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import read_to_end
from pipeline.wire.times import parse_time
from pipeline.wire.topics import TopicNames


@dataclass(frozen=True, slots=True)
class Narrated:
    """One narration.

    Attributes:
        stream: Stream id.
        num_frames: Frames that the model was shown for it.
        end_ns: Capture time of its last frame, Unix nanoseconds.
        committed_ns: When it was sent with its transaction, Unix nanoseconds.
    """

    stream: str
    num_frames: int
    end_ns: int
    committed_ns: int

    @property
    def latency_s(self) -> float:
        """From the capture of its last frame to its commit."""
        return (self.committed_ns - self.end_ns) / 1e9


def read_narrated(settings: Settings) -> list[Narrated]:
    """All narrations that are committed, in order within each partition.

    Raises:
        BrokerError: Kafka can't be reached.
    """
    topic = TopicNames.of(settings.kafka.prefix).narrations
    found = []
    for partition in range(settings.kafka.partitions):
        for record in read_to_end(connection_kwargs(settings.kafka), topic, partition):
            if ("ce_type", b"flownar.narration.v1") in record.headers:
                data = json.loads(record.value or b"{}")
                end_ns, committed_ns = parse_time(data["end"]), record.timestamp_ms * 1_000_000
                found.append(Narrated(data["stream"], data["frames"], end_ns, committed_ns))
    return found
