"""One training video: frames as the model sees them, what is visible and known, and its packed sequences."""

from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from operators.datasets.world import (
    LABEL_SIZES,
    MEMORY_LABEL_SIZES,
    VALIDATION_SEEDS,
    WorldNarration,
    WorldVideo,
    generate,
)
from operators.narrator.sequences.layout import SequenceLayout
from operators.narrator.sequences.sequence import build_sequence
from operators.scoring import end_frame
from operators.training.look import FULL_SIZE, CameraLook, draw_look, see_frame
from operators.training.packing import PackedSequence, PackSizes, pack_sequence
from operators.training.plans import CutShares, cut_video, due_narrations
from operators.training.settings import DataSettings, TrainingSettings

VALIDATION_QUALITY = 85
"""JPEG quality of validation videos, a camera's usual one."""


@dataclass(frozen=True, slots=True)
class VideoSample:
    """One video, sampled.

    Attributes:
        seed: Seed of the video.
        frames: uint8 [F, S, S, 3] RGB.
        times_s: float64 [F], capture times.
        labels: int16 [F, number of LABEL_SIZES], what is visible; -1 where not defined.
        memory_labels: int16 [F, number of MEMORY_LABEL_SIZES], what a perfect memory knows.
        opening: The opening narration.
        narrations: The truth.
        plans: Packed sequences; empty if none was asked for or none fits.
    """

    seed: int
    frames: NDArray[np.uint8]
    times_s: NDArray[np.float64]
    labels: NDArray[np.int16]
    memory_labels: NDArray[np.int16]
    opening: str
    narrations: tuple[WorldNarration, ...]
    plans: tuple[PackedSequence, ...]


@dataclass(frozen=True, slots=True)
class SampleMaker:
    """Renders videos by seed, in any process; deterministic.

    Attributes:
        settings: The run's settings.
        tokenizer: The tokenizer as JSON.
        sizes: Sizes of packed sequences.
    """

    settings: TrainingSettings
    tokenizer: str
    sizes: PackSizes

    def __call__(self, seed: int) -> VideoSample:
        """Render the training or validation video of a seed."""
        data = self.settings.data
        if seed in VALIDATION_SEEDS:
            look = CameraLook(FULL_SIZE, VALIDATION_QUALITY)
            return validation_sample(seed, data.validation_s, data.fps, self.settings.sizes.image_size, look)
        layout = SequenceLayout.from_tokenizer(
            Tokenizer.from_str(self.tokenizer), self.settings.model_config(self.sizes.rows)
        )
        return training_sample(seed, self.settings, layout, self.sizes)


def training_sample(
    seed: int, settings: TrainingSettings, layout: SequenceLayout, sizes: PackSizes
) -> VideoSample:
    """Render a video with a random phase, jitter and look, and prepare its sequences."""
    rng = Random(seed)
    data = settings.data
    video = generate(seed, data.duration_s)
    look = draw_look(settings.sizes.image_size, data.full_size_share, data.jpeg_share, rng)
    times_s = jittered_times(data, rng)
    plans = _plans(video, times_s, settings, layout, sizes, rng)
    return _sample(video, times_s, settings.sizes.image_size, look, plans)


def validation_sample(
    seed: int, duration_s: float, fps: float, image_size: int, look: CameraLook
) -> VideoSample:
    """Render a video on the regular grid of times, as a publisher sends it."""
    times_s = np.arange(int(duration_s * fps)) / fps
    return _sample(generate(seed, duration_s), times_s, image_size, look, ())


def jittered_times(data: DataSettings, rng: Random) -> NDArray[np.float64]:
    """Capture times [F]: a regular grid with a random phase, each moved a little."""
    step_s = 1.0 / data.fps
    phase_s = rng.uniform(data.jitter_s, step_s - data.jitter_s)
    moved = [rng.uniform(-data.jitter_s, data.jitter_s) for _ in range(data.num_frames)]
    times_s: NDArray[np.float64] = np.arange(data.num_frames) * step_s + phase_s + np.array(moved)
    return times_s


def _sample(
    video: WorldVideo,
    times_s: NDArray[np.float64],
    image_size: int,
    look: CameraLook,
    plans: tuple[PackedSequence, ...],
) -> VideoSample:
    times = [float(time_s) for time_s in times_s]
    labels = [[video.labels(time_s)[name] for name in LABEL_SIZES] for time_s in times]
    known = [[video.memory_labels(time_s)[name] for name in MEMORY_LABEL_SIZES] for time_s in times]
    return VideoSample(
        seed=video.seed,
        frames=np.stack([see_frame(video, time_s, image_size, look) for time_s in times]),
        times_s=times_s,
        labels=np.array(labels, dtype=np.int16),
        memory_labels=np.array(known, dtype=np.int16),
        opening=video.opening,
        narrations=video.narrations,
        plans=plans,
    )


def _plans(
    video: WorldVideo,
    times_s: NDArray[np.float64],
    settings: TrainingSettings,
    layout: SequenceLayout,
    sizes: PackSizes,
    rng: Random,
) -> tuple[PackedSequence, ...]:
    texts = [narration.text for narration in video.narrations]
    due = [end_frame(narration.end_s, times_s) for narration in video.narrations]
    ends, tokens = due_narrations(due, texts, layout)
    opening = layout.narration(video.opening)
    shares = CutShares(settings.late_share, settings.early_share, settings.fold_share)
    plans = []
    for _ in range(settings.data.plans_per_video):
        cut = cut_video(ends, [opening, *tokens], len(times_s), shares, rng)
        retain = settings.retained if rng.random() < settings.retained_share else None
        with torch.no_grad():
            sequence = build_sequence(layout, None, cut.segments)
            packed = pack_sequence(sequence, cut.segments, cut.undecided, sizes, retain=retain)
        if packed is not None:
            plans.append(packed)
    return tuple(plans)
