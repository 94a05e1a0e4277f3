"""Scores of a model on videos of the world: frames go the way they go live, all videos in one engine."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from operators.checkpoints.load import load_model, model_hash, read_config
from operators.datasets.world import generate
from operators.encoder.frame_encoder import FrameEncoder
from operators.frames.threads import use_one_thread
from operators.narrator.engine import NarratorEngine
from operators.narrator.model import NarratorModel
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FrameInput, FramePosition, Narration
from pipeline.wire.times import NS_PER_S
from topologies.evaluation_report import (
    EvaluationReport,
    EvaluationVideo,
    VideoResult,
    score_video,
)

CAMERA_SIZE = 384
"""Side of the frames that the world's cameras send, pixels."""
JPEG_QUALITY = 85
ENCODE_BATCH = 64
"""Frames encoded at a time; more does not run faster on two cores."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """What is evaluated.

    Attributes:
        model: Model folder.
        seeds: Seeds of the videos.
        duration_s: Their length.
        fps: Frames per second; None is the model's own.
        theta, theta_low: Thresholds of the trigger; None are the model's own.
        history: Visual history, see `HistorySpec`; None is the model's own memory.
        retain_narrations: How many narrations stay visible; None is all.
        num_workers: Processes that render.
        device: `auto`, or a torch device.
    """

    model: Path
    seeds: Sequence[int]
    duration_s: float
    fps: float | None = None
    theta: float | None = None
    theta_low: float | None = None
    history: str | None = None
    retain_narrations: int | None = None
    num_workers: int = 2
    device: str = "auto"


def evaluate_world(settings: EvaluationSettings, progress: Progress) -> EvaluationReport:
    """Render the videos, stream them through the model and score what it says.

    Raises:
        FlowNarError: The model can't be loaded or can't have the history, or a seed or duration is refused.
    """
    config = read_config(settings.model)
    fps = settings.fps or config.fps
    model = load_model(settings.model, settings.device)
    stream = stream_settings(model, settings, fps)
    NarratorEngine(model, num_slots=1, histories=[stream.history])  # refuses before minutes of rendering
    videos = list(_render(settings, fps, config.vision.image_size, progress))
    encoder = FrameEncoder.load(settings.model, settings.device)
    results = narrate_videos(encoder, model, videos, stream, progress)
    described = {
        "model": str(settings.model),
        "model_hash": model_hash(settings.model),
        "history": stream.history,
        "retain_narrations": stream.retain_narrations,
        "fps": fps,
        "seconds": settings.duration_s,
        "theta": stream.theta,
        "theta_low": stream.theta_low,
    }
    return EvaluationReport(tuple(results), described)


def stream_settings(model: NarratorModel, settings: EvaluationSettings, fps: float) -> StreamSettings:
    """The streams' settings: the model's own, except what was asked for."""
    own = StreamSettings.from_config(model.config)
    return replace(
        own,
        fps=fps,
        history=settings.history or own.history,
        retain_narrations=settings.retain_narrations,
        theta=own.theta if settings.theta is None else settings.theta,
        theta_low=own.theta_low if settings.theta_low is None else settings.theta_low,
    )


def narrate_videos(
    encoder: FrameEncoder,
    model: NarratorModel,
    videos: Sequence[EvaluationVideo],
    settings: StreamSettings,
    progress: Progress = lambda *_: None,
) -> list[VideoResult]:
    """Stream videos of equal length side by side, each conditioned on its own narrations only."""
    total = sum(len(video.frames) for video in videos)
    features = []
    for video in videos:
        frames = torch.from_numpy(video.frames)
        starts = range(0, len(frames), ENCODE_BATCH)
        parts = [encoder.encode(frames[start : start + ENCODE_BATCH]) for start in starts]
        features.append(torch.cat(parts))
        progress("encoding", sum(len(done) for done in features), total)
    engine = NarratorEngine(model, num_slots=len(videos), histories=[settings.history])
    for video in videos:
        engine.open_stream(str(video.seed), settings)
    said: dict[str, list[Narration]] = {str(video.seed): [] for video in videos}
    done = 0
    for index in range(max(len(video.frames) for video in videos)):
        shown = [
            FrameInput(
                stream=str(video.seed),
                position=FramePosition(index),
                capture_time_ns=round(float(video.times_s[index]) * NS_PER_S),
                features=features[number][index],
            )
            for number, video in enumerate(videos)
            if index < len(video.frames)
        ]
        for outcome in engine.step(shown):
            if outcome.narration is not None:
                said[outcome.stream].append(outcome.narration)
        done += len(shown)
        progress("narrating", done, total)
    return [score_video(video, said[str(video.seed)]) for video in videos]


def render_video(seed: int, *, duration_s: float, fps: float, image_size: int) -> EvaluationVideo:
    """Render a video as a camera sends it (384 pixels, JPEG) and decode it as the pipeline does."""
    from operators.frames.decode import decode_image  # noqa: PLC0415 (in the rendering process only)
    from operators.frames.encode import encode_jpeg  # noqa: PLC0415

    video = generate(seed, duration_s)
    times_s = np.arange(int(duration_s * fps)) / fps
    frames = [
        decode_image(
            encode_jpeg(video.frame(float(time_s), CAMERA_SIZE), JPEG_QUALITY), "image/jpeg", image_size
        )
        for time_s in times_s
    ]
    return EvaluationVideo(seed, np.stack(frames), times_s, video.opening, video.narrations)


def _render(
    settings: EvaluationSettings, fps: float, image_size: int, progress: Progress
) -> Iterator[EvaluationVideo]:
    render = partial(render_video, duration_s=settings.duration_s, fps=fps, image_size=image_size)
    workers = min(settings.num_workers, len(settings.seeds))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=use_one_thread) as pool:
        for number, video in enumerate(pool.map(render, settings.seeds), start=1):
            progress("rendering", number, len(settings.seeds))
            yield video
