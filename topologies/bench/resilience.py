"""What outages of Kafka and Redis cost a running topology: how long it is silent, and what is lost."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from operators.checkpoints.folder import read_config
from pipeline.config import Settings
from pipeline.wire.topics import TopicNames
from topologies.bench.fairness import bench_settings
from topologies.bench.live_cameras import BenchCamera, RunningCameras, stream_in
from topologies.bench.outages import Outage, all_outages
from topologies.bench.peak_memory import PeakMemory
from topologies.chaos.cameras import FIRST_SEED, render
from topologies.chaos.checker.check import Readings, check
from topologies.chaos.checker.reader import read_topic
from topologies.chaos.checker.records import LogRecord
from topologies.chaos.checker.verdict import Category, Verdict
from topologies.chaos.system import ChaosSystem, running_system, wait_until

NUM_PARTITIONS = 4

CALM_S = 15.0
"""Before each outage, so that every stream has narrated and has a snapshot; and behind it."""

BACK_DEADLINE_S = 120.0
READ_DEADLINE_S = 120.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ResilienceOptions:
    """What is measured.

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
class OutageFigures:
    """One outage.

    Attributes:
        scenario: What happened.
        outage_s: How long.
        back_after_s: From its end to the first narration that became visible.
        longest_pause_s: Longest time without a narration, from the outage on.
        narrations: Narrations of its streams.
        lost: Frames that nothing covers, and events that are missing.
        doubled: Frames or events that are there twice.
        wrong: Other broken promises: order, gaps.
        left_out: Frames that were told as left out.
        faults: Fault events: memories that were lost, and the like.
        told: What the topology's status said meanwhile.
        peak_mib: Largest resident memory of a process of each role.
    """

    scenario: str
    outage_s: float
    back_after_s: float
    longest_pause_s: float
    narrations: int
    lost: int
    doubled: int
    wrong: int
    left_out: int
    faults: int
    told: str
    peak_mib: dict[str, int]


@dataclass(slots=True)
class Trial:
    """One outage as it went.

    Attributes:
        outage: Which one.
        streams: Streams of its cameras, which are no others'.
        began_ms: When it began, Unix milliseconds.
        ended_ms: When it was made good.
        told: What the topology's status said meanwhile.
        peak_bytes: Largest resident memory of a process of each role.
    """

    outage: Outage
    streams: frozenset[str]
    began_ms: int = 0
    ended_ms: int = 0
    told: str = ""
    peak_bytes: dict[str, int] = field(default_factory=dict)


def measure_resilience(options: ResilienceOptions, say: Say) -> list[OutageFigures]:
    """Start a system, try all outages on it, and end it.

    Raises:
        FlowNarError: The system can't be started, or does not come back.
        ReadTimeoutError: The topics can't be read in time.
    """
    settings = _settings()
    size = read_config(settings.model.path).vision.image_size
    say("rendering")
    pictures = [render(FIRST_SEED + seed, options.fps, size) for seed in range(options.num_cameras)]
    outages = [o for o in all_outages() if not options.names or o.name in options.names]
    with running_system(settings, say) as system:
        trials = [_try(system, outage, pictures, options, say) for outage in outages]
        say("reading the topics")
        names = TopicNames.of(system.settings.kafka.prefix)
        frames, events = (
            read_topic(system.settings.kafka.bootstrap_servers, topic, READ_DEADLINE_S)
            for topic in (names.frames, names.narrations)
        )
    return [figures_of(trial, frames, events) for trial in trials]


def _settings() -> Settings:
    settings = bench_settings()
    kafka = settings.kafka.model_copy(update={"partitions": NUM_PARTITIONS})
    # Everything is narrated, however late: so every frame that is missing was lost.
    live = settings.live.model_copy(update={"shed_after_s": None})
    return settings.model_copy(update={"kafka": kafka, "live": live})


def _try(
    system: ChaosSystem, outage: Outage, pictures: Sequence[list[bytes]], options: ResilienceOptions, say: Say
) -> Trial:
    say(outage.name)
    name = outage.name.replace(" ", "-").replace("'", "")
    streams = [
        stream_in(i % NUM_PARTITIONS, NUM_PARTITIONS, f"{name}/{i}") for i in range(options.num_cameras)
    ]
    cameras = [BenchCamera(*pair, options.fps) for pair in zip(streams, pictures, strict=True)]
    trial = Trial(outage, frozenset(streams))
    with PeakMemory(system) as peak:
        with RunningCameras(system.settings, cameras):
            time.sleep(CALM_S)
            trial.began_ms = time.time_ns() // 1_000_000
            outage.begin(system)
            time.sleep(options.outage_s)
            trial.told = _told(system)
            outage.end(system)
            trial.ended_ms = time.time_ns() // 1_000_000
            wait_until(lambda: _is_ready(system), BACK_DEADLINE_S)
            outage.proof(system)
            time.sleep(CALM_S)
        system.wait_until_committed(system.settings, say)
    trial.peak_bytes = peak.peak_bytes
    return trial


def _is_ready(system: ChaosSystem) -> bool:
    status = system.status()
    return status is not None and status.ready


def _told(system: ChaosSystem) -> str:
    status = system.status()
    return status.waiting if status else "the supervisor does not answer"


def figures_of(trial: Trial, frames: Sequence[LogRecord], events: Sequence[LogRecord]) -> OutageFigures:
    """What one outage cost, from all that is in the topics at the end."""
    mine = [record for record in events if _stream(record) in trial.streams]
    verdict = check(Readings([r for r in frames if _stream(r) in trial.streams], mine, ()))
    times_ms = sorted(r.timestamp_ms for r in mine if ("ce_type", b"flownar.narration.v1") in r.headers)
    pauses_ms = [
        later - max(earlier, trial.began_ms)
        for earlier, later in pairwise(times_ms)
        if later > trial.began_ms
    ]
    back_ms = min((at for at in times_ms if at >= trial.ended_ms), default=None)
    return OutageFigures(
        scenario=trial.outage.name,
        outage_s=round((trial.ended_ms - trial.began_ms) / 1000, 1),
        back_after_s=-1.0 if back_ms is None else round((back_ms - trial.ended_ms) / 1000, 1),
        longest_pause_s=round(max(pauses_ms, default=-1000) / 1000, 1),
        narrations=verdict.narrations,
        lost=verdict.count(Category.LOST),
        doubled=verdict.count(Category.DOUBLED),
        wrong=_num_others(verdict),
        left_out=verdict.shed_frames,
        faults=sum(count for _, count in verdict.faults),
        told=trial.told,
        peak_mib={role: round(size / 2**20) for role, size in sorted(trial.peak_bytes.items())},
    )


def _num_others(verdict: Verdict) -> int:
    known = (Category.LOST, Category.DOUBLED)
    return sum(problem.count for problem in verdict.problems if problem.category not in known)


def _stream(record: LogRecord) -> str:
    return (record.key or b"").decode(errors="replace")
