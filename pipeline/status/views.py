"""What Kafka says about a running system, as `flownar status` shows it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TopicView:
    """One topic.

    Attributes:
        name: Full name.
        num_partitions: Partitions; 0 if the topic does not exist.
        records: Offsets between beginning and end: records and transaction markers.
    """

    name: str
    num_partitions: int
    records: int


@dataclass(frozen=True, slots=True)
class PartitionView:
    """One partition of frames.

    Attributes:
        partition: Partition number.
        end: Offset behind its last record.
        committed: Offset of the first record that a recovery would read; -1 if nothing was committed yet.
        lag: Records from there to the end.
        generation: Generation of its last owner; -1 if nobody ever owned it.
        narrator: Its last owner.
    """

    partition: int
    end: int
    committed: int
    lag: int
    generation: int
    narrator: str


@dataclass(frozen=True, slots=True)
class StreamView:
    """One stream.

    Attributes:
        stream: Stream id.
        partition: Its partition.
        num_events: Narrations and other events since the stream began; -1 if it has no checkpoint any more.
        ended: It has ended.
        last_text: Its last narration, or "" if that is too far back.
        last_time_ns: Capture time of that narration's last frame, Unix nanoseconds; 0 if there is none.
    """

    stream: str
    partition: int
    num_events: int
    ended: bool
    last_text: str
    last_time_ns: int


@dataclass(frozen=True, slots=True)
class KafkaView:
    """All of it.

    Attributes:
        topics: Topics in the order of the wire contract.
        partitions: Partitions of frames.
        streams: Streams by id.
    """

    topics: tuple[TopicView, ...]
    partitions: tuple[PartitionView, ...]
    streams: tuple[StreamView, ...]
