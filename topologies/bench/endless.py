"""One stream for ever: whether memory, cache, step time and quality stay what they were."""

import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from operators.checkpoints.load import load_model
from operators.datasets.recorded import RecordedSegments, without_again
from operators.narrator.engine import NarratorEngine
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.snapshot import StreamSnapshot
from operators.narrator.types import FrameInput, FramePosition

STREAM = "endless"
RECENT_STEPS = 1000
"""Steps whose times, cache lengths and memory are reported at a mark."""


@dataclass(frozen=True, slots=True)
class EndlessSettings:
    """What is measured.

    Attributes:
        model: Model folder.
        videos: Folder with recorded feature videos and their truth.
        num_frames: Frames of the stream.
        settings: Stream settings from the model's own.
        seed: Of the stream.
        device: `auto`, or a torch device.
    """

    model: Path
    videos: Path
    num_frames: int
    settings: Callable[[StreamSettings], StreamSettings]
    seed: int = 0
    device: str = "cpu"


@dataclass(slots=True)
class Decade:
    """Figures between two marks.

    Attributes:
        narrations: Narrations written, the opening aside.
        right: Those whose text is exactly that of the segment that their last frame belongs to.
        activity_right: The same, if a word `again` too many or too few is forgiven.
        at_end: Those that ended with the last frame of a segment.
        segments: Segments that ended.
        step_s: Times of the last steps.
        cache_tokens: Lengths of the cache after those steps.
    """

    narrations: int = 0
    right: int = 0
    activity_right: int = 0
    at_end: int = 0
    segments: int = 0
    step_s: list[float] = field(default_factory=list)
    cache_tokens: list[int] = field(default_factory=list)


def run_endless(settings: EndlessSettings) -> Iterator[dict[str, Any]]:
    """Narrate one stream and report at 1,000 frames and every power of ten after, and at the end.

    Yields:
        Figures: those of texts over all frames since the mark before, those of time, cache and memory over
        the last `RECENT_STEPS` frames.

    Raises:
        FlowNarError: The model or the videos can't be loaded.
    """
    model = load_model(settings.model, settings.device)
    segments = RecordedSegments.load(settings.videos)
    streams = settings.settings(StreamSettings.from_config(model.config))
    engine = NarratorEngine(model, num_slots=1, histories=[streams.history])
    engine.open_stream(STREAM, streams)
    decade, next_mark, process = Decade(), 1000, psutil.Process()
    for number, due in enumerate(segments.stream(settings.num_frames, settings.seed), start=1):
        time_ns = round((number - 1) / streams.fps * 1e9)
        frame = FrameInput(STREAM, FramePosition(number), time_ns, due.features)
        began = time.perf_counter()
        (outcome,) = engine.step([frame])
        elapsed = time.perf_counter() - began
        decade.segments += due.ends_segment
        if outcome.narration is not None and number > 1:
            decade.narrations += 1
            decade.right += outcome.narration.text == due.text
            decade.activity_right += without_again(outcome.narration.text) == without_again(due.text)
            decade.at_end += due.ends_segment
        is_mark = number in {next_mark, settings.num_frames}
        if number > min(next_mark, settings.num_frames) - RECENT_STEPS:
            decade.step_s.append(elapsed)
            decade.cache_tokens.append(engine.num_cached_tokens(STREAM))
        if is_mark:
            yield _figures(number, decade, engine.snapshot(STREAM), process.memory_info().rss)
            decade, next_mark = Decade(), next_mark * 10


def _figures(frames: int, decade: Decade, snapshot: StreamSnapshot, resident: int) -> dict[str, Any]:
    written = max(decade.narrations, 1)
    quantiles = statistics.quantiles(decade.step_s, n=20) if len(decade.step_s) > 1 else [math.nan] * 19
    state = sum(tensor.nbytes for tensor in snapshot.memory.values())
    return {
        "frames": frames,
        "narrations": decade.narrations,
        "true_segments": decade.segments,
        "texts_right": round(decade.right / written, 4),
        "activity_right": round(decade.activity_right / written, 4),
        "at_true_end": round(decade.at_end / written, 4),
        "step_ms_p50": round(1000 * statistics.median(decade.step_s), 3),
        "step_ms_p95": round(1000 * quantiles[18], 3),
        "cache_tokens_mean": round(statistics.fmean(decade.cache_tokens), 1),
        "cache_tokens_max": max(decade.cache_tokens),
        "next_position": snapshot.next_position,
        "memory_state_bytes": state,
        "snapshot_bytes": len(snapshot.to_bytes()),
        "process_mib": round(resident / 2**20, 1),
    }
