"""From the supervisor to whoever asks: what runs, who owns what, how far the streams are."""

from dataclasses import asdict, dataclass
from typing import Any

from pipeline.messages.health import Dependency, StreamStatus


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
        failure: Why it was replaced last; "" if it never was, or if the supervisor was started again since.
        silent: It has not answered for longer than its lease: others do its work.
    """

    name: str
    kind: str
    pid: int
    ready: bool
    restarts: int
    failure: str
    silent: bool = False


@dataclass(frozen=True, slots=True)
class OwnershipStatus:
    """Who owns a partition.

    Attributes:
        partition: Partition number.
        phase: `unowned`, `taking-over`, `owned`, or `handing-over` while it leaves a narrator that lives.
        generation: Generation that was given out last.
        narrator: Name of its narrator, or "".
        reader: Name of its reader, or "".
        read_position: Offset that the reader reads next; -1 if nobody reads.
        committed_position: Position that the last commit wrote; -1 if nobody owns it.
        waiting: Frames that wait for the narrator's engine.
        reason: Why it is not owned, or moves; "" if it is owned.
        load_fps: Frames per second that were narrated lately; None while that is not known.
        pinned: Somebody moved it to its narrator: it stays there until that one is gone.
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
    load_fps: float | None = None
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A running topology.

    Attributes:
        identity: What it was started from.
        supervisor_pid: Process id of the supervisor.
        ready: All actors are ready and all partitions are owned.
        waiting: The services that must come back before all partitions can be owned; "" if none.
        actors: All actors.
        partitions: All partitions.
        streams: All streams that narrators hold.
        dependencies: Kafka and Redis as the actors see them: down if one of them says so.
    """

    identity: RunIdentity
    supervisor_pid: int
    ready: bool
    waiting: str
    actors: tuple[ActorStatus, ...]
    partitions: tuple[OwnershipStatus, ...]
    streams: tuple[StreamStatus, ...]
    dependencies: tuple[Dependency, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON value of the status: objects and lists."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class MoveReply:
    """The supervisor's answer to the wish to move a partition.

    Attributes:
        accepted: It will be tried until it is done, or until the narrator is gone.
        message: Why not; "" if it was accepted.
        action: What to do then.
    """

    accepted: bool
    message: str = ""
    action: str = ""
