"""Teacher-forced passes of the recorded model against the recorded logits, loss and scores."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from operators.checkpoints.load import load_model
from operators.narrator.model import NarratorModel
from operators.narrator.sequences.reference_mask import causal_mask, narration_places, reference_mask
from operators.narrator.sequences.teacher import TeacherForcing
from operators.parity.comparison import Comparison, FileResult
from operators.parity.mask import compare_masks
from operators.parity.recorded_settings import RecordedSettings
from operators.scoring.teacher_metrics import teacher_loss, teacher_metrics
from operators.scoring.turns import TeacherPass

LOGIT_TOLERANCE = 1e-3
SCORE_TOLERANCE = 1e-4
"""Absolute, or relative where the recorded number is above 1."""

_NAME = re.compile(r"tf_(?P<conversation>.+?)_(base|vision_memory|last_k(?P<last_k>\d+))")
_THRESHOLD = re.compile(r"metrics_threshold_(\d)(\d*)")


def check_teacher(folder: Path) -> Iterator[FileResult]:
    """Run every `teacher/tf_<conversation>_<variant>.npz` of a folder through its `tiny_model`.

    Variants: `base` (plain causal mask, no memory), `vision_memory`, `last_k<k>`.

    Args:
        folder: Layout of `tests/golden`; all ids and sizes come from its files.

    Yields:
        One result a file, in the order of names.

    Raises:
        CheckpointError: The model or its `flownar_config.json` can't be loaded.
        OperatorError: The ids of a file are no sequence of the layout.
    """
    settings = RecordedSettings.from_folder(folder / "tiny_model")
    model = load_model(folder / "tiny_model", device="cpu", dtype="float32")
    for path in sorted((folder / "teacher").glob("tf_*.npz")):
        if name := _NAME.fullmatch(path.stem):
            with (
                np.load(path) as recorded,
                np.load(path.with_name(f"tf_{name['conversation']}_frames.npz")) as video,
            ):
                comparison = Comparison(str(path.relative_to(folder)), "teacher")
                last_k = int(name["last_k"]) if name["last_k"] else None
                is_base = path.stem.endswith("_base")
                frames = torch.from_numpy(video["all_frames"])
                _check_pass(comparison, model, settings, frames, recorded, is_base, last_k)
            yield comparison.result()


def mask_in_force(token_ids: Tensor, settings: RecordedSettings, is_base: bool, last_k: int | None) -> Tensor:
    """The mask bool [L, L] of a variant, for token_ids int64 [L]."""
    if is_base:
        return causal_mask(len(token_ids))
    return reference_mask(
        token_ids,
        vision_id=settings.vision_id,
        memory_id=settings.memory_id,
        skip_id=settings.skip_id,
        narration_start_id=settings.narration_start_id,
        narration_end_id=settings.narration_end_id,
        last_k=last_k,
        num_frame_tokens=settings.num_frame_tokens,
        num_memory_tokens=settings.num_memory_tokens,
    )


def _check_pass(
    comparison: Comparison,
    model: NarratorModel,
    settings: RecordedSettings,
    frames: Tensor,
    recorded: Mapping[str, Any],
    is_base: bool,
    last_k: int | None,
) -> None:
    token_ids, labels, memory_frames = (
        torch.from_numpy(recorded[key]) for key in ("input_ids", "labels", "mem_frame_indices")
    )
    visible = mask_in_force(token_ids, settings, is_base, last_k)
    compare_masks(comparison, visible.numpy(), recorded["may_attend"])
    forced = TeacherForcing(
        model, frames, memory_frames, vision_id=settings.vision_id, memory_id=settings.memory_id
    )
    logits = forced(token_ids, visible)
    _compare_logits(comparison, settings, logits, labels, recorded)
    narrations: tuple[tuple[int, int], ...] = ()
    if last_k is not None:
        narrations = tuple(
            narration_places(token_ids, settings.narration_start_id, settings.narration_end_id)
        )
    scored = TeacherPass(token_ids, labels, visible, logits, last_k, narrations)
    _compare_score(
        comparison,
        "loss",
        teacher_loss(scored, settings.turn_tokens, settings.stream_weight),
        recorded["loss"],
    )
    for key in recorded:
        if digits := _THRESHOLD.fullmatch(key):
            scores = teacher_metrics(scored, forced, settings.turn_tokens, float(f"{digits[1]}.{digits[2]}"))
            perplexity, difference, fluency, correctness = recorded[key]
            _compare_score(comparison, f"{key}.perplexity", scores.perplexity, perplexity)
            _compare_score(comparison, f"{key}.frame_difference", scores.frame_difference, difference)
            _compare_score(comparison, f"{key}.fluency", scores.fluency, fluency)
            _compare_score(comparison, f"{key}.correctness", scores.correctness, correctness)


def _compare_logits(
    comparison: Comparison,
    settings: RecordedSettings,
    logits: Tensor,
    labels: Tensor,
    recorded: Mapping[str, Any],
) -> None:
    rows = torch.from_numpy(recorded["learn_positions"])
    learned = logits[rows]
    num_first = recorded["logits_first_64"].shape[-1]
    ours = {
        "logit_of_label": learned.gather(1, labels[rows, None])[:, 0],
        "logit_skip": learned[:, settings.skip_id],
        "logit_end": learned[:, settings.end_id],
        "logsumexp": learned.logsumexp(dim=-1),
        "logits_first_64": learned[:, :num_first],
    }
    if "logits_at_learn_positions" in recorded:
        ours["logits_at_learn_positions"] = learned
    for key, values in ours.items():
        comparison.close(key, values.numpy(), recorded[key], LOGIT_TOLERANCE)
    comparison.equal("argmax_id", learned.argmax(dim=-1).tolist(), recorded["argmax_id"].tolist())


def _compare_score(comparison: Comparison, name: str, ours: float, recorded: Any) -> None:
    comparison.close(name, [ours], [recorded], SCORE_TOLERANCE * max(1.0, abs(float(recorded))))
