"""One stream on two devices or in two precisions: how far apart the numbers are that decide what is said."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from operators.checkpoints.load import load_model
from operators.narrator.engine import NarratorEngine
from operators.narrator.model import NarratorModel
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.stream import Stream
from operators.narrator.types import FrameInput, FrameOutcome, FramePosition, ReplayedDecision

STREAM = "agreement"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and in which precision a model runs."""

    device: str
    dtype: str

    def __str__(self) -> str:
        return f"{self.dtype} on {self.device}"


@dataclass(frozen=True, slots=True)
class AgreementSettings:
    """What is compared.

    Attributes:
        model: Model folder.
        videos: Folder of feature videos, `video_*.npz`; None for random features.
        num_frames: Frames that are shown.
        ours, reference: The two sides.
        max_new_tokens: Tokens of one narration; None is the model's own limit.
        seed: Of random features.
    """

    model: Path
    videos: Path | None
    num_frames: int
    ours: Placement
    reference: Placement
    max_new_tokens: int | None = None
    seed: int = 0


@dataclass(slots=True)
class LogitRecorder:
    """Keeps all logits of a stream; see `observer.EngineObserver`. float32 [vocabulary] each, on the CPU."""

    frames: list[Tensor] = field(default_factory=list)
    tokens: list[Tensor] = field(default_factory=list)

    def frame_shown(self, stream: Stream, logits: Tensor) -> None:
        """Keep a frame's."""
        self.frames.append(logits.float().cpu())

    def token_chosen(self, stream: Stream, logits: Tensor) -> None:
        """Keep a token's."""
        self.tokens.append(logits.float().cpu())

    def narration_written(self, stream: Stream) -> None:
        """Nothing to keep."""

    def frame_finished(self, stream: Stream, outcome: FrameOutcome) -> None:
        """Nothing to keep."""


def measure_agreement(settings: AgreementSettings) -> dict[str, Any]:
    """Narrate a stream on the reference side, and again on the other side with the same decisions and texts.

    Since both sides read the same sequence, differences do not add up over narrations that went apart.

    Raises:
        FlowNarError: The model can't be loaded, or a device is missing.
    """
    expected, reference, skip = _narrate(settings, settings.reference, None)
    replay = [
        ReplayedDecision(outcome.narration.token_ids if outcome.narration else None) for outcome in expected
    ]
    outcomes, ours, _ = _narrate(settings, settings.ours, replay)
    speaks = [[o.p_skip <= o.threshold for o in side[1:]] for side in (outcomes, expected)]
    p_differences = [abs(a.p_skip - b.p_skip) for a, b in zip(outcomes[1:], expected[1:], strict=True)]
    frames, tokens = _differences(ours.frames, reference.frames), _differences(ours.tokens, reference.tokens)
    chosen = [[int(logits.argmax()) for logits in side.tokens] for side in (ours, reference)]
    return {
        "model": str(settings.model),
        "ours": str(settings.ours),
        "reference": str(settings.reference),
        "frames": len(expected),
        "narrations": sum(outcome.narration is not None for outcome in expected),
        "p_skip_max_diff": max(p_differences),
        "p_skip_mean_diff": float(np.mean(p_differences)),
        "frame_logits_max_diff": frames.max().item(),
        "frame_logits_rms_diff": frames.square().mean().sqrt().item(),
        "frame_logits_std": torch.stack(reference.frames).std().item(),
        "skip_logit_max_diff": frames[:, skip].max().item(),
        "token_logits_max_diff": tokens.max().item(),
        "token_logits_rms_diff": tokens.square().mean().sqrt().item(),
        "decisions": len(speaks[0]),
        "decisions_that_differ": sum(a != b for a, b in zip(*speaks, strict=True)),
        "tokens": len(chosen[0]),
        "tokens_that_differ": sum(a != b for a, b in zip(*chosen, strict=True)),
    }


def _differences(ours: Sequence[Tensor], reference: Sequence[Tensor]) -> Tensor:
    return (torch.stack(list(ours)) - torch.stack(list(reference))).abs()


def _narrate(
    settings: AgreementSettings, placement: Placement, replay: Sequence[ReplayedDecision] | None
) -> tuple[list[FrameOutcome], LogitRecorder, int]:
    """Outcomes and logits of one side, and the id of [SKIP]."""
    model = load_model(settings.model, placement.device, placement.dtype)
    own = StreamSettings.from_config(model.config)
    streams = replace(own, max_new_tokens=settings.max_new_tokens or own.max_new_tokens)
    recorder = LogitRecorder()
    engine = NarratorEngine(model, num_slots=1, observer=recorder)
    engine.open_stream(STREAM, streams)
    outcomes = []
    for number, features in enumerate(_features(settings, model)):
        time_ns = round(number / streams.fps * 1e9)
        decision = None if replay is None else replay[number]
        frame = FrameInput(STREAM, FramePosition(number), time_ns, features, replay=decision)
        outcomes += engine.step([frame])
    return outcomes, recorder, model.layout.skip


def _features(settings: AgreementSettings, model: NarratorModel) -> Tensor:
    """Frames [T, N, D] float32."""
    vision = model.config.vision
    if settings.videos is None:
        generator = torch.Generator().manual_seed(settings.seed)
        shape = (settings.num_frames, vision.num_frame_tokens, vision.hidden_size)
        return torch.randn(shape, generator=generator)
    videos = [np.load(path)["features"] for path in sorted(settings.videos.glob("video_*.npz"))]
    return torch.from_numpy(np.concatenate(videos)[: settings.num_frames])
