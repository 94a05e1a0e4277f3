"""What outages of Kafka and Redis cost a running topology: how long it is silent, and what is lost."""

import time
from collections.abc import Callable, Sequence

from operators.checkpoints.folder import read_config
from pipeline.config import Settings
from pipeline.wire.topics import TopicNames
from topologies.bench.live_cameras import BenchCamera, RunningCameras, stream_in
from topologies.bench.options import ResilienceOptions
from topologies.bench.outage_figures import OutageFigures, Trial, figures_of
from topologies.bench.outages import Outage, all_outages
from topologies.bench.settings import bench_settings
from topologies.chaos.cameras import FIRST_SEED, render
from topologies.chaos.checker.reader import read_topic
from topologies.chaos.memory_watch import MemoryWatch
from topologies.chaos.system import ChaosSystem, running_system, wait_until

NUM_PARTITIONS = 4

CALM_S = 15.0
"""Before each outage, so that every stream has narrated and has a snapshot; and behind it."""

BACK_DEADLINE_S = 120.0
READ_DEADLINE_S = 120.0

Say = Callable[[str], None]


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
        return [_figures(system, _try(system, outage, pictures, options, say), say) for outage in outages]


def _figures(system: ChaosSystem, trial: Trial, say: Say) -> OutageFigures:
    names, bootstrap = TopicNames.of(system.settings.kafka.prefix), system.settings.kafka.bootstrap_servers
    frames, events = (
        read_topic(bootstrap, topic, READ_DEADLINE_S) for topic in (names.frames, names.narrations)
    )
    figures = figures_of(trial, frames, events)
    say(
        f"{figures.scenario}: back after {figures.back_after_s:g} s, lost {figures.lost}, "
        f"doubled {figures.doubled}, wrong {figures.wrong}"
    )
    return figures


def _settings() -> Settings:
    settings = bench_settings(NUM_PARTITIONS)
    # Everything is narrated, however late: so every frame that is missing was lost.
    live = settings.live.model_copy(update={"shed_after_s": None})
    return settings.model_copy(update={"live": live})


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
    with MemoryWatch(system) as memory:
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
    trial.peak_bytes = memory.largest()
    return trial


def _is_ready(system: ChaosSystem) -> bool:
    status = system.status()
    return status is not None and status.ready


def _told(system: ChaosSystem) -> str:
    status = system.status()
    return status.waiting if status else "the supervisor does not answer"
