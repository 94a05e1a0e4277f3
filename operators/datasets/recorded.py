"""Endless streams stitched from recorded segments of feature videos, with the narrations that are due."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from operators.errors import OperatorError

AGAIN = " again"
"""Stands before the full stop of a sentence if the segment before had the same activity."""


@dataclass(frozen=True, slots=True)
class DueFrame:
    """One frame of a stitched stream.

    Attributes:
        features: [N, D] float32.
        text: The narration that is right for the segment that the frame belongs to.
        ends_segment: It is the last frame of its segment.
    """

    features: Tensor
    text: str
    ends_segment: bool


@dataclass(frozen=True, slots=True)
class RecordedSegments:
    """Segments cut out of recorded videos.

    Attributes:
        scenes: First frames [1, N, D] with their narrations.
        segments: The other segments [n, N, D] with their sentences, without `AGAIN`.
        repeat_share: Share of segments whose activity was that of the segment before.
    """

    scenes: tuple[tuple[Tensor, str], ...]
    segments: tuple[tuple[Tensor, str], ...]
    repeat_share: float

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Cut all `video_<n>.npz` (features [T, N, D]) by `video_<n>_truth.json` ([[last frame, text], ...]).

        Raises:
            OperatorError: The folder holds no such videos.
        """
        scenes: list[tuple[Tensor, str]] = []
        segments: list[tuple[Tensor, str]] = []
        repeats = 0
        for path in sorted(folder.glob("video_*.npz")):
            features = torch.from_numpy(np.load(path)["features"])
            start = 0
            for end, text in json.loads(path.with_name(f"{path.stem}_truth.json").read_text()):
                frames = features[start : end + 1]
                if start:
                    segments.append((frames, without_again(text)))
                    repeats += segments[-1][1] != text
                else:
                    scenes.append((frames, text))
                start = end + 1
        if not scenes or not segments:
            raise OperatorError(
                f"{folder} holds no recorded videos with their truth.", action="Give tests/golden/stream."
            )
        return cls(tuple(scenes), tuple(segments), repeats / len(segments))

    def stream(self, num_frames: int, seed: int) -> Iterator[DueFrame]:
        """A scene, then random segments, of which `repeat_share` are chosen to repeat the one before."""
        rng = random.Random(seed)
        features, text = rng.choice(self.scenes)
        yield DueFrame(features[0], text, ends_segment=True)
        before, left = "", num_frames - 1
        while left > 0:
            features, text = rng.choice(self.segments)
            if before and rng.random() < self.repeat_share:
                features, text = rng.choice([s for s in self.segments if s[1] == before])
            due = text.removesuffix(".") + f"{AGAIN}." if text == before else text
            for number, frame in enumerate(features[:left], start=1):
                yield DueFrame(frame, due, ends_segment=number == len(features))
            before, left = text, left - len(features)


def without_again(text: str) -> str:
    """A sentence without `AGAIN` before its full stop."""
    stem = text.removesuffix(".")
    return f"{stem.removesuffix(AGAIN)}." if stem.endswith(AGAIN) else text
