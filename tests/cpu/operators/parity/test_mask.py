"""Recorded masks: all agree; a mask by another rule does not."""

from pathlib import Path

import pytest

from operators.narrator.sequences.reference_mask import causal_mask
from operators.parity import mask
from operators.parity.mask import check_mask

GOLDEN = Path("tests/golden")


def test_every_recorded_mask_is_reproduced():
    results = list(check_mask(GOLDEN))
    assert len(results) == 15
    assert [result for result in results if not result.passed] == []
    assert {(result.part, result.max_diff, result.tolerance) for result in results} == {("mask", 0.0, 0.0)}


def test_a_causal_mask_fails_everywhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mask, "reference_mask", lambda ids, **_: causal_mask(len(ids)))
    assert not any(result.passed for result in check_mask(GOLDEN))


def test_one_wrong_cell_is_counted_and_named(monkeypatch: pytest.MonkeyPatch):
    right = mask.reference_mask

    def wrong(ids, **sizes):
        changed = right(ids, **sizes)
        changed[5, 3] = False
        return changed

    monkeypatch.setattr(mask, "reference_mask", wrong)
    result = next(check_mask(GOLDEN))
    assert not result.passed
    assert result.max_diff == 1.0
    assert "may_attend[5][3] is 0, recorded 1" in result.detail


def test_last_k_one_too_few_fails_where_it_is_on(monkeypatch: pytest.MonkeyPatch):
    right = mask.reference_mask

    def fewer(ids, *, last_k, **sizes):
        return right(ids, last_k=last_k and last_k - 1, **sizes)

    monkeypatch.setattr(mask, "reference_mask", fewer)
    for result in check_mask(GOLDEN):
        assert result.passed == ("lastk" not in result.file)
