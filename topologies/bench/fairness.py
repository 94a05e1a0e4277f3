"""How late live cameras are narrated while another one is flooded, or an hour behind."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np

from operators.checkpoints.folder import read_config
from pipeline.config import Settings
from topologies.bench.live_cameras import BenchCamera, RunningCameras, send_past, stream_in
from topologies.bench.narrated import Narrated, read_narrated
from topologies.bench.options import FairnessOptions
from topologies.bench.settings import bench_settings
from topologies.chaos.cameras import FIRST_SEED, render
from topologies.demo.system import running_system

LIVE_PARTITIONS = 3
TROUBLE_PARTITION = LIVE_PARTITIONS
"""Beside the three of the live cameras there is one of its own for the trouble."""

NUM_PARTITIONS = LIVE_PARTITIONS + 1

FLOOD = 100
"""Times its rate."""

BACKLOG_S = 3600.0

SETTLE_S = 10.0
"""Before each part, for what the part before has left."""

CALM = "calm"
FLOOD_BESIDE = "flood beside them"
FLOOD_WITHIN = "flood in a partition of theirs"
BACKLOG = "backlog of an hour"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PartFigures:
    """One part of the measurement.

    Attributes:
        part: What happened beside the live cameras.
        narrations: Narrations of the live cameras.
        p50_s: From capture to commit of a narration's last frame, half of them.
        p95_s: The same, all but one of twenty.
        p95_ratio: Of `p95_s` to that of the calm part before.
        trouble_frames: Frames of the other camera that its narrations cover.
    """

    part: str
    narrations: int
    p50_s: float
    p95_s: float
    p95_ratio: float
    trouble_frames: int


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What happens beside the live cameras: to which stream, and a context in which it does."""

    name: str
    stream: str
    happening: Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class _Part:
    trouble: _Trouble
    began_ns: int
    ended_ns: int

    def holds(self, time_ns: int) -> bool:
        return self.began_ns <= time_ns < self.ended_ns


def measure_fairness(options: FairnessOptions, say: Say) -> list[PartFigures]:
    """Start a system, measure all parts, and end it.

    Raises:
        FlowNarError: The system can't be started.
    """
    settings = bench_settings(NUM_PARTITIONS)
    config = read_config(settings.model.path)
    say("rendering")
    pictures = [
        render(FIRST_SEED + seed, options.fps, config.vision.image_size, options.num_pictures)
        for seed in range(options.num_cameras + 1)
    ]
    names = [stream_in(i % LIVE_PARTITIONS, NUM_PARTITIONS, f"live/{i}") for i in range(options.num_cameras)]
    cameras = [BenchCamera(*pair, options.fps) for pair in zip(names, pictures[:-1], strict=True)]
    with running_system(settings, say, keep=False) as system:
        troubles = _troubles(system.settings, options, pictures[-1], settings.narrator.fps or config.fps)
        with RunningCameras(system.settings, cameras):
            parts = [_run_part(trouble, options.seconds, say) for trouble in troubles]
        say("reading the narrations")
        return _figures(read_narrated(system.settings), parts, frozenset(names))


def _troubles(
    settings: Settings, options: FairnessOptions, pictures: Sequence[bytes], model_fps: float
) -> list[_Trouble]:
    """A calm part before each that is not: what else the machine does changes with time."""

    def flood(stream: str) -> AbstractContextManager[object]:
        return RunningCameras(settings, [BenchCamera(stream, pictures, FLOOD * model_fps)])

    def backlog(stream: str) -> AbstractContextManager[object]:
        send_past(settings, BenchCamera(stream, pictures, options.fps), BACKLOG_S)
        return nullcontext()

    own, live = TROUBLE_PARTITION, 0
    kinds = [(FLOOD_BESIDE, own, flood), (FLOOD_WITHIN, live, flood), (BACKLOG, own, backlog)]
    troubles = []
    for name, partition, happen in kinds:
        stream = stream_in(partition, NUM_PARTITIONS, name.replace(" ", "-"))
        troubles += [_Trouble(CALM, "", nullcontext), _Trouble(name, stream, partial(happen, stream))]
    return troubles


def _run_part(trouble: _Trouble, seconds: float, say: Say) -> _Part:
    time.sleep(SETTLE_S)
    say(trouble.name)
    with trouble.happening():
        began_ns = time.time_ns()
        time.sleep(seconds)
        return _Part(trouble, began_ns, time.time_ns())


def _figures(
    narrations: Sequence[Narrated], parts: Sequence[_Part], live: frozenset[str]
) -> list[PartFigures]:
    figures: list[PartFigures] = []
    for part in parts:
        latencies_s = [n.latency_s for n in narrations if n.stream in live and part.holds(n.end_ns)]
        p50_s, p95_s = (float(np.quantile(latencies_s, share)) for share in (0.5, 0.95))
        calm = [figure.p95_s for figure in figures if figure.part == CALM]
        of_trouble = [n for n in narrations if n.stream == part.trouble.stream and part.holds(n.committed_ns)]
        figures.append(
            PartFigures(
                part=part.trouble.name,
                narrations=len(latencies_s),
                p50_s=round(p50_s, 3),
                p95_s=round(p95_s, 3),
                p95_ratio=1.0 if part.trouble.name == CALM else round(p95_s / calm[-1], 2),
                trouble_frames=sum(n.num_frames for n in of_trouble),
            )
        )
    return figures
