"""Narrate one source in this process, without Kafka, Redis or Ray: source → encoder → engine → narrations."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch

from operators.checkpoints.load import load_model
from operators.encoder.frame_encoder import FrameEncoder
from operators.errors import EngineError
from operators.frames.captions import Caption
from operators.frames.source import TimedFrame
from operators.narrator.engine import NarratorEngine
from operators.narrator.model import NarratorModel
from operators.narrator.types import FrameInput, FramePosition, Narration
from pipeline.config import NarratorSettings
from pipeline.narrator.settings import stream_settings
from pipeline.wire.times import NS_PER_S

ENCODE_BATCH = 8
"""Frames of a file that are encoded at a time: enough to be fast, few enough to see narrations come."""

STREAM = "local"


@dataclass(frozen=True, slots=True)
class NarratedFrame:
    """One frame that went through.

    Attributes:
        time_s: Its time, seconds from the source's beginning.
        narration: The narration that ended with it, or None.
    """

    time_s: float
    narration: Narration | None


class LocalNarrator:
    """A model that narrates one source after another.

    Args:
        encoder: Turns frames into features.
        model: The narrator model that belongs to it.
        narrator: The user's settings; None keeps the model's value.
    """

    def __init__(self, encoder: FrameEncoder, model: NarratorModel, narrator: NarratorSettings) -> None:
        self.settings = stream_settings(narrator, model.config)
        self.image_size = encoder.image_size
        self._encoder = encoder
        self._engine = NarratorEngine(model, num_slots=1, histories=[self.settings.history])

    @classmethod
    def load(cls, path: Path, narrator: NarratorSettings, device: str = "auto", dtype: str = "auto") -> Self:
        """Load a model folder.

        Raises:
            FlowNarError: The folder can't be loaded, or the settings don't fit it.
        """
        model = load_model(path, device, dtype)
        return cls(FrameEncoder.load(path, device, dtype), model, narrator)

    def narrate(self, frames: Iterable[TimedFrame], *, live: bool) -> Iterator[NarratedFrame]:
        """Narrate a source; narrations come as soon as their last frame was seen.

        Args:
            frames: Frames of `image_size`, at the settings' rate.
            live: Take each frame as it comes. Otherwise a few are encoded together, and the last is known, so
                that its segment is narrated too.

        Raises:
            EngineError: A frame was refused.
        """
        self._engine.open_stream(STREAM, self.settings)
        try:
            position = 0
            for batch in _batches(frames, 1 if live else ENCODE_BATCH):
                pictures = torch.from_numpy(np.stack([frame.frame for frame, _ in batch]))
                for (frame, is_last), features in zip(batch, self._encoder.encode(pictures), strict=True):
                    ends = is_last and not live
                    (outcome,) = self._engine.step(
                        [
                            FrameInput(
                                stream=STREAM,
                                position=FramePosition(position),
                                capture_time_ns=round(frame.time_s * NS_PER_S),
                                features=features,
                                end_of_stream=ends,
                            )
                        ]
                    )
                    if outcome.error is not None:
                        raise EngineError(f"frame {position} at {frame.time_s:.2f} s: {outcome.error}")
                    yield NarratedFrame(frame.time_s, outcome.narration)
                    position += 1
        finally:
            self._engine.close_stream(STREAM)


def caption_of(narration: Narration) -> Caption:
    """Return a narration as a caption, in seconds from the source's beginning."""
    return Caption(narration.start_time_ns / NS_PER_S, narration.end_time_ns / NS_PER_S, narration.text)


def _batches(frames: Iterable[TimedFrame], size: int) -> Iterator[list[tuple[TimedFrame, bool]]]:
    """Group frames, each with whether it is the last. In groups of one that is not waited for: never."""
    if size == 1:
        yield from ([(frame, False)] for frame in frames)
        return
    iterator = iter(frames)
    waiting = list(itertools.islice(iterator, size + 1))
    while waiting:
        batch, waiting = waiting[:size], waiting[size:]
        waiting += itertools.islice(iterator, size + 1 - len(waiting))
        yield [(frame, not waiting and frame is batch[-1]) for frame in batch]
