"""A teacher-forced sequence, read back as text."""

import pytest
import torch

from operators.narrator.sequences.sequence import FRAME_TOKEN, MEMORY_TOKEN, NO_LABEL, Segment, build_sequence

SEGMENTS = ((1, "a bench"), (2, "cup up"), (3, None), (1, "cup down"))


@pytest.fixture(scope="module")
def sequence(layout):
    segments = [Segment(frames, text and layout.narration(text)) for frames, text in SEGMENTS]
    return build_sequence(layout, "Go.", segments)


def render(tokenizer, ids):
    words = {FRAME_TOKEN: "f", MEMORY_TOKEN: "m"}
    return "".join(
        words[token] if token < 0 else tokenizer.decode([token], skip_special_tokens=False)
        for token in ids.tolist()
    )


def test_sequence_reads_as_the_architecture_says(sequence, tokenizer):
    assert render(tokenizer, sequence.token_ids) == (
        "<bos>Frames of a live video arrive one after another.\n[fff]\nUser: Go.\nAssistant: a bench<eos>"
        "\n[mm]\n[fff,fff]\nAssistant: cup up<eos>"
        "\n[mm]\n[fff,fff,fff"
        "\n[mm]\n[fff]\nAssistant: cup down"
    )


def test_labels_follow_decisions_and_narrations(sequence, layout, tokenizer):
    labels = sequence.labels
    rows = sequence.decision_rows
    assert (sequence.token_ids[rows] == FRAME_TOKEN).all()
    skip, speak = layout.skip, layout.close[0]
    assert labels[rows].tolist() == [NO_LABEL, skip, speak, skip, skip, skip, speak]
    written = labels.clone()
    written[rows] = NO_LABEL
    assert render(tokenizer, written[written != NO_LABEL]) == " a bench<eos> cup up<eos> cup down<eos>"


def test_structure_tells_segments_narrations_and_prompts_apart(sequence, tokenizer):
    s = sequence.structure
    assert torch.equal(s.position, torch.arange(len(sequence.token_ids)))
    assert render(tokenizer, sequence.token_ids[s.is_prompt]) == (
        "<bos>Frames of a live video arrive one after another.User: Go.\n"
    )
    assert render(tokenizer, sequence.token_ids[s.narration == 1]) == "Assistant: cup up<eos>"
    assert render(tokenizer, sequence.token_ids[s.is_visual & (s.segment == 2)]) == "\n[mm]\n[fff,fff,fff"
    assert [int(s.done[s.segment == number].unique()) for number in range(4)] == [0, 1, 2, 2]
    ends_of_turn = (s.narration == 0).nonzero()[-1]
    assert s.segment[ends_of_turn] == 1


@pytest.mark.parametrize(
    "first", [[], [Segment(2, (1,))], [Segment(1, None)], [Segment(1, (1,)), Segment(0, (1,))]]
)
def test_impossible_segments_are_refused(layout, first):
    with pytest.raises(ValueError, match=r"opening|no frame"):
        build_sequence(layout, None, first)
