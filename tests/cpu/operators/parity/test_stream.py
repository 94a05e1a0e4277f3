"""Recorded streaming runs: all agree, and a planted change in any recorded quantity is found."""

import json
import shutil

import pytest

from operators.parity.stream import check_stream


def test_every_recorded_run_is_reproduced(golden):
    results = list(check_stream(golden))
    recorded = [*golden.glob("stream/run_*.json"), *golden.glob("stream/quirk_*.json")]
    assert len(results) == len(recorded) + len(list(golden.glob("stream/memory_*.npz")))
    assert [result for result in results if not result.passed] == []


RUN = "run_video_00_last_k2_two.json"

CHANGES = {
    "narration_frames": lambda run: run["narration_frames"].__setitem__(2, 12),
    "output_ids": lambda run: run["output_ids"][1].__setitem__(0, 7),
    "texts": lambda run: run["texts"].__setitem__(0, "something else"),
    "p_skip": lambda run: run["p_skip"].__setitem__(5, run["p_skip"][5] + 2e-4),
    "p_end": lambda run: run["p_end"].__setitem__(5, run["p_end"][5] + 2e-4),
    "threshold_per_frame": lambda run: run["threshold_per_frame"].__setitem__(5, 0.8),
    "argmax_id": lambda run: run["argmax_id"].__setitem__(5, 933),
    "num_new_tokens": lambda run: run["num_new_tokens"].__setitem__(0, 61),
    "cache_len_after_forward": lambda run: run["cache_len_after_forward"].__setitem__(9, 1),
    "last_position_after_frame": lambda run: run["last_position_after_frame"].__setitem__(9, 1),
    "narration_cache": lambda run: run["narration_cache"][3]["pruned"][1]["slots"].__setitem__(0, 51),
    "kept_positions": lambda run: run["narration_cache"][3]["kept_positions"][0].__setitem__(1, 27),
    "prompt_input_ids": lambda run: run["prompt_input_ids"].__setitem__(3, 1),
    "min_token_logit_margin": lambda run: run["margins"].__setitem__("min_token_logit_margin", 9.0),
}


@pytest.fixture(scope="module")
def changed(small_folder, tmp_path_factory):
    """One run of a video once more for every change, so that all of them take one batch."""
    folder = tmp_path_factory.mktemp("changed")
    shutil.copytree(small_folder / "tiny_model", folder / "tiny_model")
    (folder / "stream").mkdir()
    shutil.copy(small_folder / "stream" / "video_00.npz", folder / "stream")
    for name, change in CHANGES.items():
        run = json.loads((small_folder / "stream" / RUN).read_text())
        change(run)
        (folder / "stream" / f"run_video_00_{name}.json").write_text(json.dumps(run))
    return {result.file: result for result in check_stream(folder)}


@pytest.mark.parametrize("name", CHANGES)
def test_a_planted_change_is_found_and_named(changed, name):
    result = changed[f"stream/run_video_00_{name}.json"]
    assert not result.passed
    assert name in result.detail
