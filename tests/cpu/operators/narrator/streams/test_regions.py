"""Places and positions of a stream's tokens against a list that is simply cut and renumbered."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.errors import EngineError
from operators.narrator.sequences.pieces import Region
from operators.narrator.streams.regions import RegionSizes, StreamRegions

SIZES = RegionSizes(prompt=8, narrations=20, visual=16)
NARRATION = st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 6), st.booleans())
"""(visual before, close, tokens, drop the oldest afterwards)"""


@settings(deadline=None)
@given(narrations=st.lists(NARRATION, max_size=12), shift_at=st.integers(0, 12))
def test_visible_tokens_are_those_of_a_plain_list(narrations, shift_at):
    regions = StreamRegions(SIZES)
    content = {}  # place -> token number, as a cache would hold them
    model = {region: [] for region in Region}  # lists of (token number, position)
    token = 0

    def feed(region, count, target):
        nonlocal token
        places, positions = regions.append(region, count)
        for place, position in zip(places.tolist(), positions.tolist(), strict=True):
            content[place] = token
            target.append((token, position))
            token += 1

    def check():
        expected = [*model[Region.PROMPT]]
        expected += [item for narration in model[Region.NARRATION] for item in narration]
        expected += model[Region.VISUAL]
        places, positions = regions.visible_keys()
        found = [content[place] for place in places.tolist()]
        assert list(zip(found, positions.tolist(), strict=True)) == expected
        assert len(set(places.tolist())) == len(expected)
        assert all(0 <= place < SIZES.total for place in places)

    feed(Region.PROMPT, 3, model[Region.PROMPT])
    feed(Region.VISUAL, 4, model[Region.VISUAL])
    feed(Region.PROMPT, 4, model[Region.PROMPT])
    check()
    for number, (frames, close, text, drop) in enumerate(narrations):
        if model[Region.NARRATION]:
            feed(Region.NARRATION, 1, model[Region.NARRATION][-1])
        feed(Region.VISUAL, frames, model[Region.VISUAL])
        feed(Region.VISUAL, close, model[Region.VISUAL])
        check()
        while sum(len(narration) for narration in model[Region.NARRATION]) + text + 1 > 20:
            regions.drop_oldest_narration()
            del model[Region.NARRATION][0]
        model[Region.NARRATION].append([])
        feed(Region.NARRATION, text, model[Region.NARRATION][-1])
        check()
        regions.drop_visual()
        model[Region.VISUAL] = []
        if drop and len(model[Region.NARRATION]) > 1:
            regions.drop_oldest_narration()
            del model[Region.NARRATION][0]
        if number == shift_at:
            distance = model[Region.NARRATION][0][0][1] - regions.prompt_end
            regions.shift(distance)
            model[Region.NARRATION] = [[(t, p - distance) for t, p in n] for n in model[Region.NARRATION]]
        check()
        assert regions.num_narration_tokens == sum(map(len, model[Region.NARRATION]))


def test_a_full_region_is_named():
    regions = StreamRegions(SIZES)
    regions.append(Region.VISUAL, 16)
    with pytest.raises(EngineError, match="visual region of 16 tokens is full"):
        regions.append(Region.VISUAL, 1)
    with pytest.raises(EngineError, match="narration region of 20"):
        regions.append(Region.NARRATION, 21)


def test_a_skipped_position_is_never_used():
    regions = StreamRegions(SIZES)
    regions.append(Region.PROMPT, 2)
    regions.skip_position()
    assert regions.append(Region.VISUAL, 1)[1].tolist() == [3]
