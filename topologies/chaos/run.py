"""The chaos from first to last: system up, cameras and faults, the same frames without faults, the truth."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from operators.checkpoints.folder import read_config
from pipeline.config import Settings
from pipeline.wire.topics import TopicNames
from topologies.chaos.calm import copy_frames
from topologies.chaos.cameras import FIRST_SEED, render, running_cameras, stream_names
from topologies.chaos.checker.check import Readings, check
from topologies.chaos.checker.reader import read_topic
from topologies.chaos.driver import FaultDriver
from topologies.chaos.faults import DoneFault, Wrecker
from topologies.chaos.follow import Follower, SeenCommits, SeenNarrations
from topologies.chaos.keep import keep_logs, keep_readings
from topologies.chaos.memory import ProcessMemory, growth
from topologies.chaos.memory_watch import MemoryWatch
from topologies.chaos.moments import Lookout, Moment
from topologies.chaos.recovery import recoveries
from topologies.chaos.report import ChaosReport
from topologies.chaos.schedule import schedule
from topologies.chaos.settings import GAP_RULES, ChaosOptions
from topologies.chaos.system import ChaosSystem, running_system

READ_DEADLINE_S = 120.0
STEP_S = 0.1

EARLY_MEMORY_S = 300.0
"""When memory is measured first; after a third of a shorter run."""

MEMORY_WINDOW_S = 180.0
"""The most memory of so many seconds counts, or of half of the time before the first measurement.

A process that was just started has less than one that has seen all streams, and who that is changes all the
time.
"""

LATE_FAULTS_S = 120.0
"""For faults that had no target in time, after the time is over."""


class Watcher(Protocol):
    """Who is told how it goes."""

    def say(self, line: str) -> None:
        """What happens now."""

    def fault(self, done: DoneFault) -> None:
        """A fault was done."""

    def moment(self, moment: Moment) -> None:
        """How it goes; ten times a second."""


@dataclass(frozen=True, slots=True)
class _Chaos:
    """What was seen of the first part."""

    done: tuple[DoneFault, ...]
    early: Sequence[ProcessMemory]
    late: Sequence[ProcessMemory]
    undone: str


def run_chaos(settings: Settings, options: ChaosOptions, watcher: Watcher) -> ChaosReport:
    """Run it all.

    Raises:
        FlowNarError: Something does not start, or does not come back after a fault.
    """
    began_s = time.monotonic()
    size = read_config(settings.model.path).vision.image_size
    with ThreadPoolExecutor(1) as pool:
        seeds = range(FIRST_SEED, FIRST_SEED + options.num_cameras)
        rendering = pool.submit(lambda: [render(seed, options.fps, size) for seed in seeds])
        with running_system(settings, watcher.say) as system, _kept_logs(system, options):
            seen, commits = SeenNarrations(), SeenCommits()
            names = TopicNames.of(system.settings.kafka.prefix)
            bootstrap = system.settings.kafka.bootstrap_servers
            with (
                Follower(bootstrap, names.narrations, seen.take) as reading,
                Follower(bootstrap, names.checkpoints, commits.take) as timing,
            ):
                chaos = _hurt(system, options, rendering.result(), seen, watcher)
                reading.finish()
                timing.finish()
            readings = _read(system.settings, seen, watcher)
            readings = _calm(system, readings, watcher)
    watcher.say("checking")
    verdict = check(readings, GAP_RULES)
    if options.keep_dir is not None:
        keep_readings(options.keep_dir, readings, verdict, chaos.done)
    return ChaosReport(
        options=options,
        done=chaos.done,
        verdict=verdict,
        recoveries=tuple(recoveries(chaos.done, commits.times_ms())),
        memory=tuple(growth(chaos.early, chaos.late)),
        undone=chaos.undone,
        took_s=time.monotonic() - began_s,
    )


def _hurt(
    system: ChaosSystem,
    options: ChaosOptions,
    pictures: Sequence[Sequence[bytes]],
    seen: SeenNarrations,
    watcher: Watcher,
) -> _Chaos:
    """Cameras and faults, until everything that was published is committed."""
    names = stream_names(options.num_cameras, system.settings.kafka.partitions)
    faults = schedule(options.seed, options.minutes, options.kinds, options.num_faults)
    driver = FaultDriver(faults, Wrecker(system).do, watcher.fault)
    watcher.say(f"{len(names)} cameras publish for {options.minutes:g} minutes, with {len(faults)} faults")
    rules = options.camera_rules
    with (
        running_cameras(system.settings, options.seed, names, pictures, rules) as cameras,
        Lookout(system, cameras, seen) as lookout,
        MemoryWatch(system) as memory,
        contextlib.closing(driver),
    ):
        duration_s = 60.0 * options.minutes
        began_s = time.monotonic()
        while (now_s := time.monotonic() - began_s) < duration_s or driver.num_left:
            if now_s > duration_s + LATE_FAULTS_S:
                watcher.say(f"{driver.num_left} faults had no target in time")
                break
            driver.step(now_s)
            watcher.moment(lookout.moment(now_s, len(driver.done), driver.num_left))
            time.sleep(STEP_S)
        ended_s = time.monotonic()
        early_s = min(EARLY_MEMORY_S, duration_s / 3)
        window_s = min(MEMORY_WINDOW_S, early_s / 2)
        early = memory.between(began_s + early_s - window_s, began_s + early_s)
        late = memory.between(ended_s - window_s, ended_s)
        watcher.say("the cameras end their streams")
    watcher.say("waiting until everything is committed")
    system.wait_until_committed(system.settings, watcher.say)
    watcher.say("draining")
    return _Chaos(tuple(driver.done), early, late, system.drain())


def _read(settings: Settings, seen: SeenNarrations, watcher: Watcher) -> Readings:
    watcher.say("reading everything again")
    names, bootstrap = TopicNames.of(settings.kafka.prefix), settings.kafka.bootstrap_servers
    frames, events, letters = (
        tuple(read_topic(bootstrap, topic, READ_DEADLINE_S))
        for topic in (names.frames, names.narrations, names.dlq)
    )
    return Readings(frames, events, letters, live_events=tuple(seen.records))


def _calm(system: ChaosSystem, chaos: Readings, watcher: Watcher) -> Readings:
    watcher.say(f"narrating the same {len(chaos.frames)} records again, without faults")
    settings = system.start_calm()
    copy_frames(chaos.frames, settings)
    system.wait_until_committed(settings, watcher.say)
    system.drain()
    names, bootstrap = TopicNames.of(settings.kafka.prefix), settings.kafka.bootstrap_servers
    events, letters = (
        tuple(read_topic(bootstrap, topic, READ_DEADLINE_S)) for topic in (names.narrations, names.dlq)
    )
    return Readings(chaos.frames, chaos.events, chaos.dead_letters, chaos.live_events, events, letters)


@contextlib.contextmanager
def _kept_logs(system: ChaosSystem, options: ChaosOptions) -> Iterator[None]:
    try:
        yield
    finally:
        if options.keep_dir is not None:
            keep_logs(options.keep_dir, system.settings.state_dir)
