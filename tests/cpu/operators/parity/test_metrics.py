"""Recorded narration scores: all agree; a changed number, pair or text does not."""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from operators.errors import OperatorError
from operators.parity import metrics
from operators.parity.comparison import FileResult
from operators.parity.metrics import check_metrics
from operators.scoring.meteor import MeteorProcess

GOLDEN = Path("tests/golden")


@pytest.fixture(scope="module")
def running_meteor() -> Iterator[MeteorProcess]:
    with MeteorProcess() as meteor:
        yield meteor


@pytest.fixture(autouse=True)
def one_meteor(running_meteor: MeteorProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """All tests share one program: it takes seconds to load."""
    monkeypatch.setattr(metrics, "MeteorProcess", lambda: contextlib.nullcontext(running_meteor))


def check_changed(folder: Path, name: str, change: Callable[[dict[str, Any]], None]) -> FileResult:
    """The result of a copy of one recorded file, changed."""
    (folder / "metrics").mkdir()
    recorded = json.loads((GOLDEN / "metrics" / name).read_text())
    change(recorded)
    (folder / "metrics" / name).write_text(json.dumps(recorded))
    (result,) = check_metrics(folder)
    return result


def test_every_recorded_file_is_reproduced():
    results = list(check_metrics(GOLDEN))
    assert len(results) == 12
    assert [result for result in results if not result.passed] == []
    assert {result.part for result in results} == {"metrics"}
    assert all(result.max_diff < 1e-9 for result in results)


@pytest.mark.parametrize("quantity", ["METEOR", "ROUGE_L", "CIDEr", "t_precision", "t_recall", "t_f1"])
@pytest.mark.parametrize("entry", ["result", "per_video"])
def test_a_changed_score_fails_and_is_named(tmp_path: Path, entry: str, quantity: str):
    def change(recorded: dict[str, Any]) -> None:
        scores = recorded["result"] if entry == "result" else next(iter(recorded["per_video"].values()))
        scores[quantity] += 2e-4 if quantity == "METEOR" else 2e-6

    result = check_changed(tmp_path, "metrics_ego4d_missing.json", change)
    assert not result.passed
    assert result.max_diff == pytest.approx(2e-4 if quantity == "METEOR" else 2e-6)
    assert result.file == "metrics/metrics_ego4d_missing.json"
    assert entry in result.detail
    assert quantity in result.detail


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (lambda file: file["matched_pairs"].popitem(), "matched_pairs"),
        (lambda file: file["per_video"].popitem(), "names of per_video"),
        (lambda file: file["result"].pop("CIDEr"), "names of result"),
        (lambda file: file.update(iou_thresh=0.99), "t_precision"),
        (lambda file: file["preds"]["shflat_00"].pop(0), "matched_pairs"),
    ],
)
def test_anything_else_that_differs_fails(tmp_path: Path, change: Callable[[Any], None], detail: str):
    result = check_changed(tmp_path, "metrics_flat_unsorted.json", change)
    assert not result.passed
    assert detail in result.detail


@pytest.mark.parametrize(("place", "value", "detail"), [(0, 1.0, "times[0]"), (1, "?", "texts[0]")])
def test_another_time_or_text_fails(tmp_path: Path, place: int, value: Any, detail: str):
    def change(recorded: dict[str, Any]) -> None:
        recorded["pairs"][0][place] = value

    result = check_changed(tmp_path, "metrics_time_conversion.json", change)
    assert not result.passed
    assert detail in result.detail


def test_special_tokens_come_from_the_recorded_tokenizer(tmp_path: Path):
    base = tmp_path / "tiny_model" / "base"
    base.mkdir(parents=True)
    tokenizer = json.loads((GOLDEN / "tiny_model" / "base" / "tokenizer.json").read_text())
    tokenizer["added_tokens"][-1]["content"] = "</end>"
    (base / "tokenizer.json").write_text(json.dumps(tokenizer))

    def change(recorded: dict[str, Any]) -> None:
        recorded["raw"] = {k: v.replace("<|eot_id|>", "</end>") for k, v in recorded["raw"].items()}

    assert check_changed(tmp_path, "metrics_time_conversion.json", change).passed


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"layout": "flat", "gts": {}, "preds": {}}'])
def test_a_file_of_another_form_is_named(tmp_path: Path, content: str):
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "metrics_odd.json").write_text(content)
    with pytest.raises(OperatorError, match=r"metrics_odd\.json doesn't have the form"):
        list(check_metrics(tmp_path))


def test_missing_java_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(metrics, "MeteorProcess", MeteorProcess)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OperatorError, match="'java' can't be found"):
        list(check_metrics(GOLDEN))


def test_a_folder_without_scores_yields_nothing(tmp_path: Path):
    shutil.copytree(GOLDEN / "mask", tmp_path / "mask")
    assert list(check_metrics(tmp_path)) == []
