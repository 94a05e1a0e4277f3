"""From every actor to the supervisor: alive, ready, and what it lost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dependency:
    """A service that an actor needs, as it sees it.

    Attributes:
        name: `kafka` or `redis`.
        state: `up` or `down`.
        since_s: Seconds for which it has been so.
        reason: Why it is down; "" if it is up.
    """

    name: str
    state: str
    since_s: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LostPartition:
    """A partition that an actor had to give up.

    Attributes:
        partition: Partition number.
        generation: The generation that was lost.
        reason: Why, for people.
    """

    partition: int
    generation: int
    reason: str


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """What a narrator knows about one stream since it took the stream's partition over.

    Attributes:
        stream: Stream id.
        partition: Its partition.
        frames: Frames processed, replayed ones included.
        narrations: Narrations made, replayed ones not included.
        dead_letters: Records of the stream that were refused.
        last_capture_ns: Capture time of the last frame, Unix nanoseconds; 0 before the first.
        last_text: Text of the last narration; "" before the first.
        ended: The stream has ended.
        left_out: Frames of it that were not shown to the model.
        is_silent: No record has come for a while.
    """

    stream: str
    partition: int
    frames: int
    narrations: int
    dead_letters: int
    last_capture_ns: int
    last_text: str
    ended: bool
    left_out: int = 0
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """How far an actor is with one partition.

    Attributes:
        partition: Partition number.
        generation: Generation of its ownership.
        position: Reader: offset that is read next. Narrator: committed position.
        waiting: Reader: records in flight to the narrator. Narrator: frames that wait for the engine.
    """

    partition: int
    generation: int
    position: int
    waiting: int


@dataclass(frozen=True, slots=True)
class ActorHealth:
    """One answer of a reader, an encoder or a narrator.

    Attributes:
        pid: Process id on the actor's node.
        ready: Models are loaded and connections are open.
        busy_s: Seconds that the current step of the actor's loop has taken; a stuck loop shows here.
        failure: Why the actor can't go on; "" while it can.
        lost: Partitions that it had to give up; repeated until another generation takes their place.
        partitions: Partitions that it holds.
        streams: Streams that it holds; only narrators have some.
        dependencies: The services that it needs.
    """

    pid: int
    ready: bool
    busy_s: float = 0.0
    failure: str = ""
    lost: tuple[LostPartition, ...] = ()
    partitions: tuple[PartitionStatus, ...] = ()
    streams: tuple[StreamStatus, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
