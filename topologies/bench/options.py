"""What benchmarks of a running system measure. Imports nothing: every command of the CLI imports it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FairnessOptions:
    """What `topologies.bench.fairness` measures.

    Attributes:
        seconds: Length of each part; the p95 of a shorter one is that of two or three narrations.
        num_cameras: Live cameras.
        fps: Frames per second of each, and the rate of the one that is flooded or behind.
        num_pictures: Pictures of each camera, shown again and again.
    """

    seconds: float = 120.0
    num_cameras: int = 6
    fps: float = 1.0
    num_pictures: int = 60


@dataclass(frozen=True, slots=True)
class ResilienceOptions:
    """What `topologies.bench.resilience` measures.

    Attributes:
        outage_s: How long each outage lasts.
        num_cameras: Cameras.
        fps: Frames per second of each.
        names: Which outages; all if empty.
    """

    outage_s: float = 60.0
    num_cameras: int = 4
    fps: float = 1.0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CommitOptions:
    """What `topologies.bench.commits` measures.

    Attributes:
        commits: Commits, each with one narration of every stream.
        streams: Streams of the partition.
        snapshot_every: Each so many-th commit also writes the state of every stream down.
        snapshot_kib: Size of one state; random bytes, which compression does not make smaller.
        takeovers: Takeovers of the partition as the commits left it.
    """

    commits: int = 200
    streams: int = 20
    snapshot_every: int = 4
    snapshot_kib: int = 64
    takeovers: int = 20
