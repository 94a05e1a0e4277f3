"""Recorded teacher-forced passes: all agree; a pass by another rule does not."""

import json
import shutil
from pathlib import Path

import pytest
import torch

import operators.narrator.sequences.teacher as forcing
import operators.scoring.teacher_metrics as scores
from operators.checkpoints.load import load_model
from operators.errors import CheckpointError, OperatorError
from operators.narrator.sequences.reference_mask import causal_mask
from operators.parity import teacher
from operators.parity.teacher import check_teacher

GOLDEN = Path("tests/golden")


@pytest.fixture(scope="module")
def one_pass(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one pass: a late reply comes in it, and the turns differ much in perplexity."""
    folder = tmp_path_factory.mktemp("one")
    (folder / "tiny_model").symlink_to((GOLDEN / "tiny_model").absolute())
    (folder / "teacher").mkdir()
    for name in ("tf_5_last_k2.npz", "tf_5_frames.npz"):
        shutil.copy(GOLDEN / "teacher" / name, folder / "teacher" / name)
    return folder


def test_every_recorded_pass_is_reproduced_with_as_many_searches(monkeypatch: pytest.MonkeyPatch):
    num_searches: list[int] = []  # for late replies, per threshold of the file at hand
    look, score = scores.late_rows, teacher.teacher_metrics

    def counted(*arguments):
        num_searches[-1] += 1
        return look(*arguments)

    def scored(*arguments):
        num_searches.append(0)
        return score(*arguments)

    monkeypatch.setattr(scores, "late_rows", counted)
    monkeypatch.setattr(teacher, "teacher_metrics", scored)
    index = json.loads((GOLDEN / "teacher" / "teacher_index.json").read_text())
    expected = {f"teacher/{entry['file']}": entry["late_reply_forwards"] for entry in index["files"]}
    assert len(expected) == 17
    for result in check_teacher(GOLDEN):
        assert result.passed, result
        assert result.max_diff < 0.2 * result.tolerance, result
        assert num_searches == expected.pop(result.file)
        num_searches.clear()
    assert not expected


def test_a_causal_mask_fails(one_pass: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(teacher, "mask_in_force", lambda ids, *_: causal_mask(len(ids)))
    (result,) = check_teacher(one_pass)
    assert not result.passed
    assert "may_attend" in result.detail


def test_memory_read_one_frame_late_fails(one_pass: Path, monkeypatch: pytest.MonkeyPatch):
    right = forcing.memory_reads
    monkeypatch.setattr(forcing, "memory_reads", lambda frame, frames: right(frame + 1, frames))
    (result,) = check_teacher(one_pass)
    assert not result.passed
    assert result.max_diff > 10 * result.tolerance


def test_memory_read_after_the_whole_frame_fails(one_pass: Path, monkeypatch: pytest.MonkeyPatch):
    right = forcing.memory_reads
    monkeypatch.setattr(
        forcing, "memory_reads", lambda frame, frames: right(frame, frames) + frames.shape[1] - 1
    )
    (result,) = check_teacher(one_pass)
    assert not result.passed


def test_pooled_perplexity_fails(one_pass: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scores, "mean_perplexity", lambda turns: float(torch.cat(turns).mean().exp()))
    (result,) = check_teacher(one_pass)
    assert not result.passed
    assert result.detail.startswith("metrics_threshold_0.perplexity")


def test_overlooking_a_late_reply_fails(one_pass: Path, monkeypatch: pytest.MonkeyPatch):
    def skips(model, scored, tokens, length, num_frames):
        answers = torch.full((num_frames,), tokens.skip)
        return torch.nn.functional.one_hot(answers, scored.logits.shape[1]).float()

    monkeypatch.setattr(scores, "late_rows", skips)
    (result,) = check_teacher(one_pass)
    assert not result.passed
    assert result.detail.startswith("metrics_threshold_0.frame_difference")


def test_more_placeholders_than_frames_are_refused():
    model = load_model(GOLDEN / "tiny_model", device="cpu", dtype="float32")
    frames = torch.zeros(1, model.config.vision.num_frame_tokens, model.config.vision.hidden_size)
    forced = forcing.TeacherForcing(model, frames, torch.tensor([0]), vision_id=2000, memory_id=2001)
    num_tokens = frames.shape[1] + 1
    with pytest.raises(OperatorError, match=f"{num_tokens} placeholders 2000"):
        forced(torch.full((num_tokens,), 2000), causal_mask(num_tokens))


def test_settings_that_are_missing_are_named(tmp_path: Path):
    (tmp_path / "tiny_model").mkdir()
    path = tmp_path / "tiny_model" / "flownar_config.json"
    with pytest.raises(CheckpointError, match=r"flownar_config\.json can't be read"):
        next(check_teacher(tmp_path))
    path.write_text(json.dumps({"v_placeholder_id": 1}))
    with pytest.raises(CheckpointError, match="'m_placeholder_id' is missing"):
        next(check_teacher(tmp_path))
