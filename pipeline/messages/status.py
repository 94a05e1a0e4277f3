"""From the supervisor to whoever asks: what runs, who owns what, how far the streams are."""

from dataclasses import asdict, dataclass
from typing import Any

from pipeline.messages.health import StreamStatus


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What a running topology was started from; a second start with the same one attaches.

    Attributes:
        application: Id of the application.
        version: Version of the package.
        source_hash: Hash of the package's source.
        model_hash: Hash of the model's weights and configuration.
        settings_hash: Hash of the settings that the actors see.
    """

    application: str
    version: str
    source_hash: str
    model_hash: str
    settings_hash: str


@dataclass(frozen=True, slots=True)
class ActorStatus:
    """One actor.

    Attributes:
        name: Name, for example `narrator-0`.
        kind: `reader`, `encoder` or `narrator`.
        pid: Process id; 0 while the process starts.
        ready: It can work.
        restarts: How often it was replaced.
        failure: Why it was replaced last; "" if it never was.
    """

    name: str
    kind: str
    pid: int
    ready: bool
    restarts: int
    failure: str


@dataclass(frozen=True, slots=True)
class OwnershipStatus:
    """Who owns a partition.

    Attributes:
        partition: Partition number.
        phase: `unowned`, `taking-over` or `owned`.
        generation: Generation that was given out last.
        narrator: Name of its narrator, or "".
        reader: Name of its reader, or "".
        read_position: Offset that the reader reads next; -1 if nobody reads.
        committed_position: Position that the last commit wrote; -1 if nobody owns it.
        waiting: Frames that wait for the narrator's engine.
        reason: Why it is not owned; "" if it is.
    """

    partition: int
    phase: str
    generation: int
    narrator: str
    reader: str
    read_position: int
    committed_position: int
    waiting: int
    reason: str


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A running topology.

    Attributes:
        identity: What it was started from.
        supervisor_pid: Process id of the supervisor.
        ready: All actors are ready and all partitions are owned.
        actors: All actors.
        partitions: All partitions.
        streams: All streams that narrators hold.
    """

    identity: RunIdentity
    supervisor_pid: int
    ready: bool
    actors: tuple[ActorStatus, ...]
    partitions: tuple[OwnershipStatus, ...]
    streams: tuple[StreamStatus, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON value of the status: objects and lists."""
        return asdict(self)
