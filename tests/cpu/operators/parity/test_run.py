"""All parts together: what fails, fails alone."""

import shutil

import pytest

from operators.errors import OperatorError
from operators.parity.run import PARTS, check_folder


def test_a_part_without_files_fails(tmp_path):
    results = list(check_folder(tmp_path, ["clam", "mask"]))
    assert [(result.part, result.passed) for result in results] == [("clam", False), ("mask", False)]
    assert "no recorded files" in results[0].detail


def test_a_broken_file_fails_its_part_and_others_go_on(small_folder, tmp_path):
    shutil.copytree(small_folder / "clam", tmp_path / "clam")
    shutil.copytree(small_folder / "mask", tmp_path / "mask")
    (tmp_path / "mask" / "mask_vision_0.npz").write_bytes(b"broken")
    results = list(check_folder(tmp_path, ["mask", "clam"]))
    assert [result.passed for result in results] == [False, True, True]
    assert "stopped after 0 files" in results[0].detail


def test_a_missing_model_is_named(small_folder, tmp_path):
    shutil.copytree(small_folder / "stream", tmp_path / "stream")
    (result,) = check_folder(tmp_path, ["stream"])
    assert not result.passed
    assert "tiny_model" in result.detail


def test_unknown_folders_and_parts_are_refused(tmp_path):
    with pytest.raises(OperatorError, match="no folder"):
        list(check_folder(tmp_path / "nowhere"))
    with pytest.raises(OperatorError, match="unknown part 'all'"):
        list(check_folder(tmp_path, ["all"]))


def test_the_small_folder_agrees(small_folder):
    parts = [part for part in PARTS if part != "metrics"]
    results = list(check_folder(small_folder, parts))
    assert {result.part for result in results} == set(parts)
    assert [result for result in results if not result.passed] == []


def test_a_model_of_other_sizes_ids_and_layout_agrees(transcribed):
    parts = [part for part in PARTS if part != "metrics"]
    results = list(check_folder(transcribed, parts))
    assert {result.part for result in results} == set(parts)
    assert [result for result in results if not result.passed] == []
