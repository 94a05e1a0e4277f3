"""The narration scores of the authors' code against the recorded ones."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from operators.checkpoints.tokenizer import load_tokenizer
from operators.errors import OperatorError
from operators.parity.comparison import Comparison, FileResult
from operators.scoring.meteor import MeteorProcess
from operators.scoring.narration_layouts import parse_predictions, parse_truth
from operators.scoring.narration_metrics import CorpusMetrics, NarrationMetrics, score_corpus
from operators.scoring.prediction_times import timed_narrations

PART = "metrics"
TOLERANCE = 1e-6
METEOR_TOLERANCE = 1e-4
_QUANTITIES = {
    "METEOR": "meteor",
    "ROUGE_L": "rouge_l",
    "CIDEr": "cider",
    "t_precision": "t_precision",
    "t_recall": "t_recall",
    "t_f1": "t_f1",
}
"""Recorded name: field of `NarrationMetrics`."""


def check_metrics(folder: Path) -> Iterator[FileResult]:
    """Compare every `metrics/metrics_*.json` of a folder: pairs, scores, and the conversion of times.

    Args:
        folder: Layout of `tests/golden`; special tokens of raw texts are those of the tokenizer in
            `tiny_model/base`, if there is one.

    Yields:
        One result a file, in the order of names. One METEOR program serves all.

    Raises:
        OperatorError: A file doesn't have the recorded form, or METEOR can't run.
    """
    paths = [path for path in sorted((folder / PART).glob("metrics_*.json")) if path.stem != "metrics_index"]
    if not paths:
        return
    with MeteorProcess() as meteor:
        for path in paths:
            comparison = Comparison(str(path.relative_to(folder)), PART)
            try:
                recorded = json.loads(path.read_text(encoding="utf-8"))
                if path.stem == "metrics_time_conversion":
                    _compare_times(comparison, recorded, _special_tokens(folder))
                else:
                    _compare_scores(comparison, recorded, meteor)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise OperatorError(
                    f"{path} doesn't have the form of the recorded scores: {type(error).__name__}: {error}.",
                    action="Compare it with tests/golden/README.md, section metrics/.",
                ) from error
            yield comparison.result()


def _compare_scores(comparison: Comparison, recorded: Mapping[str, Any], meteor: MeteorProcess) -> None:
    layout = recorded["layout"]
    ours = score_corpus(
        parse_truth(recorded["gts"], layout),
        parse_predictions(recorded["preds"], layout),
        iou_threshold=recorded["iou_thresh"],
        meteor=meteor,
    )
    comparison.equal("matched_pairs", _pairs(ours), _recorded_pairs(recorded["matched_pairs"]))
    _compare_metrics(comparison, "result", ours.corpus, recorded["result"])
    comparison.equal("names of per_video", sorted(ours.clips), sorted(recorded["per_video"]))
    for name in sorted(ours.clips.keys() & recorded["per_video"].keys()):
        _compare_metrics(comparison, f"per_video[{name!r}]", ours.clips[name], recorded["per_video"][name])


def _compare_metrics(
    comparison: Comparison, name: str, ours: NarrationMetrics, recorded: Mapping[str, float]
) -> None:
    comparison.equal(f"names of {name}", sorted(_QUANTITIES), sorted(recorded))
    for quantity, field in _QUANTITIES.items():
        if quantity in recorded:
            tolerance = METEOR_TOLERANCE if quantity == "METEOR" else TOLERANCE
            comparison.close(f"{name}.{quantity}", getattr(ours, field), recorded[quantity], tolerance)


def _compare_times(
    comparison: Comparison, recorded: Mapping[str, Any], special_tokens: tuple[str, ...]
) -> None:
    ours = timed_narrations(
        {int(frame): text for frame, text in recorded["raw"].items()},
        fps=recorded["fps"],
        start_s=recorded["start_time"],
        special_tokens=special_tokens,
    )
    comparison.equal("texts", [one.text for one in ours], [text for _, text in recorded["pairs"]])
    comparison.close("times", [one.end_s for one in ours], [time for time, _ in recorded["pairs"]], TOLERANCE)


def _pairs(ours: CorpusMetrics) -> list[list[str]]:
    return sorted([f"{pair.clip}_match_{pair.number}", pair.truth, pair.predicted] for pair in ours.pairs)


def _recorded_pairs(recorded: Mapping[str, Mapping[str, str]]) -> list[list[str]]:
    return sorted([name, pair["gt"], pair["pred"]] for name, pair in recorded.items())


def _special_tokens(folder: Path) -> tuple[str, ...]:
    """Texts of all special tokens of the recorded tokenizer; none if no tokenizer was recorded."""
    base = folder / "tiny_model" / "base"
    if not (base / "tokenizer.json").exists():
        return ()
    added = load_tokenizer(base).get_added_tokens_decoder()
    return tuple(token.content for token in added.values() if token.special)
