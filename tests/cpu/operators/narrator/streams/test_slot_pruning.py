"""Pruning by the authors' books: exact while narrations end, and as stale as theirs where one does not."""

import pytest

from operators.narrator.sequences.pieces import Region
from operators.narrator.streams.regions import RegionSizes, StreamRegions
from operators.narrator.streams.slot_pruning import SlotPruning
from tests.support.tiny_narrator import make_model

LAYOUT = make_model().layout
NUM_FRAME = LAYOUT.num_frame_tokens
BRACKETS = len(LAYOUT.opening_bracket) + len(LAYOUT.close)
HEADER = len(LAYOUT.newline) + len(LAYOUT.reply)


class Stream:
    """Feeds tokens as the engine does, and prunes by the books."""

    def __init__(self, retain):
        prompt = len(LAYOUT.system)
        self.retain = retain
        self.regions = StreamRegions(RegionSizes(10_000, 10_000, 10_000))
        self.books = SlotPruning(LAYOUT, keep_newlines=True, visual_start=prompt)
        self.regions.append(Region.PROMPT, prompt)
        self.is_opening = True

    def segment(self, num_visual, num_text, *, is_finished):
        """Feed visual tokens, narrate with so many fed text tokens, prune."""
        if self.is_opening:
            self.regions.append(Region.VISUAL, BRACKETS + NUM_FRAME)
        else:
            self.regions.append(Region.VISUAL, num_visual)
        self.regions.append(Region.PROMPT, len(LAYOUT.newline) if self.is_opening else 0)
        self.regions.append(Region.VISUAL, 0 if self.is_opening else len(LAYOUT.close))
        self.regions.append(Region.NARRATION, len(LAYOUT.reply) + num_text)
        self.books.end_narration(
            self.regions,
            num_written=num_text + 1,
            is_opening=self.is_opening,
            is_finished=is_finished,
            retain=self.retain,
        )
        self.is_opening = False
        if is_finished:  # the end of turn and the newline come with the next segment
            self.regions.append(Region.NARRATION, 1)
            self.regions.append(Region.PROMPT, len(LAYOUT.newline))


def test_finished_narrations_leave_prompt_narrations_and_newlines():
    stream = Stream(retain=None)
    for number in range(4):
        stream.segment(20, 5, is_finished=True)
        narrations = (number + 1) * (len(LAYOUT.reply) + 5 + 1 + len(LAYOUT.newline))
        assert stream.regions.num_tokens == len(LAYOUT.system) + len(LAYOUT.newline) + narrations
    assert [pruned.slots[0] for pruned in stream.books.latest] == [stream.books.latest[0].slots[0]]


@pytest.mark.parametrize("retain", [0, 1])
def test_at_most_one_narration_goes_and_none_after_the_opening(retain):
    stream = Stream(retain)
    stream.segment(0, 5, is_finished=True)
    assert len(stream.books.latest) == 1
    assert len(stream.books.narrations) == 1
    for _ in range(3):
        stream.segment(20, 5, is_finished=True)
        assert len(stream.books.latest) == 2
        assert len(stream.books.narrations) == 1


def test_books_below_zero_count_from_the_end_as_slices_do():
    regions = StreamRegions(RegionSizes(100, 100, 100))
    regions.append(Region.PROMPT, 30)
    nothing = SlotPruning._drop(regions, -4, 1)
    assert (nothing.slots, nothing.positions, regions.num_tokens) == ((-4, 1), (), 30)
    near_the_end = SlotPruning._drop(regions, -10, -4)
    assert (near_the_end.positions, regions.num_tokens) == (((20, 26),), 23)
    beyond = SlotPruning._drop(regions, 21, 40)
    assert (beyond.slots, beyond.positions) == ((21, 40), ((28, 29),))


def test_a_narration_that_is_cut_off_leaves_the_start_of_pruning_where_it_was():
    stream = Stream(retain=None)
    stream.segment(0, 5, is_finished=False)
    start = stream.books.visual_start
    assert start == len(LAYOUT.system)
    stream.segment(20, 5, is_finished=False)
    assert stream.books.visual_start == start
    assert stream.books.latest[0].slots[0] == start
