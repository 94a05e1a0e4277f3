"""The masks of the authors' training: their rules on a hand-written sequence, recorded masks, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from operators.errors import OperatorError
from operators.narrator.sequences.reference_mask import causal_mask, reference_mask

GOLDEN = Path("tests/golden")

VISION, MEMORY, SKIP, OPEN, CLOSE, START, END, WORD = range(8)
IDS = {
    "vision_id": VISION,
    "memory_id": MEMORY,
    "skip_id": SKIP,
    "narration_start_id": START,
    "narration_end_id": END,
    "last_k": None,
    "num_frame_tokens": 2,
    "num_memory_tokens": 1,
}
FRAME = [VISION, VISION]
OPENING = [WORD, OPEN, *FRAME, CLOSE, WORD, START, SKIP, END]
SEGMENT = [WORD, OPEN, MEMORY, CLOSE, OPEN, *FRAME, SKIP, *FRAME, CLOSE, START, WORD, END]


def mask_of(ids, **changed):
    return reference_mask(torch.tensor(ids), **(IDS | changed))


def hidden(mask, row):
    return [key for key in range(row) if not mask[row, key]]


@pytest.fixture(scope="module")
def ids():
    return OPENING + SEGMENT + SEGMENT + SEGMENT


def test_blocks_are_hidden_from_the_next_frames_block_on(ids):
    mask = mask_of(ids)
    second, third = len(OPENING), len(OPENING) + len(SEGMENT)
    frames_open = SEGMENT.index(CLOSE) + 1
    assert hidden(mask, second + frames_open - 1) == []
    assert hidden(mask, second + frames_open) == list(range(1, 5))
    assert hidden(mask, third + frames_open - 1) == list(range(1, 5))
    block = list(range(second + 1, second + SEGMENT.index(START)))  # from the memory's bracket on
    assert hidden(mask, third + frames_open) == list(range(1, 5)) + block


def test_last_k_hides_from_the_first_token_of_a_narration_on(ids):
    plain, last_one = mask_of(ids), mask_of(ids, last_k=1)
    third_narration = len(OPENING) + len(SEGMENT) + SEGMENT.index(START)
    first_narration = list(range(OPENING.index(START), len(OPENING)))
    assert torch.equal(last_one[:third_narration], plain[:third_narration])
    newly_hidden = set(hidden(last_one, third_narration)) - set(hidden(plain, third_narration))
    assert sorted(newly_hidden) == first_narration


def test_without_memory_placeholders_nothing_of_them_is_hidden(ids):
    last = len(ids) - 1
    memory = ids.index(MEMORY)
    assert mask_of(ids, memory_id=None)[last, memory]
    assert not mask_of(ids)[last, memory]


def test_base_is_plain_causal():
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]


def test_equals_every_mask_that_was_in_force_in_recorded_passes():
    config = json.loads((GOLDEN / "tiny_model" / "flownar_config.json").read_text())
    paths = [path for path in (GOLDEN / "teacher").glob("tf_*.npz") if "frames" not in path.name]
    assert len(paths) == 17
    for path in paths:
        with np.load(path) as recorded:
            last_k = int(recorded["last_k_narration"])
            ids = torch.from_numpy(recorded["input_ids"])
            ours = reference_mask(
                ids,
                vision_id=config["v_placeholder_id"],
                memory_id=config["m_placeholder_id"],
                skip_id=config["frame_token_interval_id"],
                narration_start_id=config["narration_start_id_for_mask"],
                narration_end_id=config["narration_end_id_for_mask"],
                last_k=None if last_k < 0 else last_k,
                num_frame_tokens=config["frame_num_tokens"],
                num_memory_tokens=config["num_m_tokens"],
            )
            ours = ours if recorded["use_mask"] else causal_mask(len(ids))
            assert np.array_equal(ours.numpy(), recorded["may_attend"]), path.name


@pytest.mark.parametrize(
    ("ids", "changed", "message"),
    [
        ([[WORD]], {}, "one mask per sequence"),
        ([OPEN, VISION, CLOSE], {}, "no multiple of 2"),
        ([*FRAME, CLOSE], {}, "lack a bracket"),
        ([OPEN, *FRAME], {}, "lack a bracket"),
        ([OPEN, MEMORY, MEMORY, CLOSE], {}, "a memory block has 1"),
        ([START, WORD], {"last_k": 1}, "one end after every start"),
        ([START, START, END, END], {"last_k": 1}, "one end after every start"),
        ([END, START], {"last_k": 1}, "one end after every start"),
        ([START, END], {"last_k": -1}, "at least 0"),
    ],
)
def test_what_is_no_sequence_is_refused(ids, changed, message):
    with pytest.raises(OperatorError, match=message):
        mask_of(ids, **changed)


def test_narrations_need_not_pair_up_where_they_are_not_looked_for():
    assert torch.equal(mask_of([START, WORD]), causal_mask(2))


def test_the_memory_block_that_is_hidden_is_the_last_but_one_before_the_frames():
    without_memory = [WORD, OPEN, *FRAME, CLOSE, START, WORD, END]
    ids = OPENING + SEGMENT + without_memory + SEGMENT
    mask = mask_of(ids)
    first_memory = len(OPENING) + SEGMENT.index(MEMORY)
    frames_without = len(OPENING) + len(SEGMENT) + 1
    assert mask[frames_without, first_memory], "there is no memory block but this one"
    last_frames = len(ids) - len(SEGMENT) + SEGMENT.index(CLOSE) + 1
    assert not mask[last_frames, first_memory]
