"""The mask against its definition, read token by token."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.narrator.sequences.mask import TokenStructure, paper_mask, paper_mask_mod
from operators.narrator.sequences.sequence import Segment, build_sequence

SEGMENTS = st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.integers(1, 3)), max_size=6)
RETAIN = st.one_of(st.none(), st.integers(0, 4))


def sequence_of(layout, shape):
    opening = Segment(1, layout.narration("a bench"))
    words = [" ".join(["a"] * count) for _, _, count in shape]
    later = [
        Segment(frames, layout.narration(text) if speaks else None)
        for (frames, speaks, _), text in zip(shape, words, strict=True)
    ]
    return build_sequence(layout, None, [opening, *later])


@settings(deadline=None, max_examples=40)
@given(shape=SEGMENTS, retain=RETAIN)
def test_mask_is_its_definition(layout, shape, retain):
    structure = sequence_of(layout, shape).structure
    is_prompt, is_visual = structure.is_prompt.tolist(), structure.is_visual.tolist()
    segment, narration, done = (x.tolist() for x in (structure.segment, structure.narration, structure.done))
    for q, row in enumerate(paper_mask(structure, retain).tolist()):
        oldest = 0 if retain is None else max(0, done[q] - retain)
        for c, visible in enumerate(row):
            own_visual = is_visual[c] and segment[c] == segment[q]
            assert visible == (c <= q and (is_prompt[c] or own_visual or narration[c] >= oldest)), (q, c)


@settings(deadline=None, max_examples=40)
@given(shape=SEGMENTS, retain=RETAIN, seed=st.integers(0, 1000))
def test_rows_may_stand_in_any_order_and_padding_is_never_seen(layout, shape, retain, seed):
    s = sequence_of(layout, shape).structure
    length = len(s.position)
    order = torch.randperm(length, generator=torch.Generator().manual_seed(seed))
    columns = (s.position, s.is_prompt, s.is_visual, s.segment, s.narration, s.done)
    padding = (0, False, False, 0, -1, 0)
    moved = TokenStructure(
        *(
            torch.cat([column[order], torch.tensor([pad], dtype=column.dtype)])[None]
            for column, pad in zip(columns, padding, strict=True)
        )
    )
    mask = paper_mask(moved, retain)[0]
    assert torch.equal(mask[:length, :length], paper_mask(s, retain)[order][:, order])
    assert not mask[:, length].any()

    index = torch.arange(length + 1)
    zero = torch.zeros((), dtype=torch.int64)
    by_mod = paper_mask_mod(moved, retain)(zero, zero, index[:, None], index[None, :])
    assert torch.equal(by_mod, mask)


def test_every_row_sees_something_and_pruned_frames_stay_hidden(layout):
    sequence = sequence_of(layout, [(3, True, 2), (2, False, 1), (2, True, 1)])
    s = sequence.structure
    mask = paper_mask(s, 0)
    assert mask.any(dim=1).all()
    last = s.segment == s.segment.max()
    old_frames = s.is_visual & (s.segment < s.segment.max())
    assert not mask[last][:, old_frames].any()
    assert not mask[last][:, s.narration == 0].any()
    assert paper_mask(s, None)[last][:, s.narration == 0].all()
