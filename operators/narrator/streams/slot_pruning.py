"""Pruning as the authors' code keeps its books: by slots of a cache in the order of feeding.

While every narration reaches its end of turn, this forgets the same tokens as the regions do. A narration
that is cut off leaves the start of the next pruning where it was: later prunings take the half sentences with
them, and with last k they forget slots that do not belong to narrations, even of the prompt. That is kept for
comparison with the recorded runs; only the rules `reference` use it.
"""

from dataclasses import dataclass, field

from operators.narrator.sequences.layout import SequenceLayout
from operators.narrator.streams.regions import StreamRegions


@dataclass(frozen=True, slots=True)
class PrunedSlots:
    """One pruning.

    Attributes:
        slots: First and last slot, both included, counted when it was done, as the books say; may lie beyond
            the cache's end, or below 0.
        positions: Positions that were forgotten, as ranges (first, last), both included.
    """

    slots: tuple[int, int]
    positions: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class SlotPruning:
    """The books of one stream.

    Attributes:
        layout: Pieces of the sequence.
        keep_newlines: Pruning begins behind the newline before a segment's brackets, not with it.
        visual_start: Slot at which the next pruning begins.
        narrations: First and last slot of the narrations that are kept, oldest first.
        latest: What the last narration's end pruned.
    """

    layout: SequenceLayout
    keep_newlines: bool
    visual_start: int
    narrations: list[tuple[int, int]] = field(default_factory=list)
    latest: tuple[PrunedSlots, ...] = ()

    @classmethod
    def of_opening(cls, layout: SequenceLayout, *, keep_newlines: bool) -> "SlotPruning":
        """The books before the first frame: pruning begins at the opening's bracket."""
        return cls(layout, keep_newlines, visual_start=len(layout.system))

    def end_narration(
        self,
        regions: StreamRegions,
        *,
        num_written: int,
        is_opening: bool,
        is_finished: bool,
        retain: int | None,
    ) -> None:
        """Prune after a narration.

        Args:
            regions: The stream's tokens; mutated.
            num_written: Tokens of its text; the last is not fed yet.
            is_opening: It is the first narration.
            is_finished: It reached its end of turn.
            retain: How many complete narrations stay; None for all. At most one goes each time and none
                after the opening, so that 0 works like 1.
        """
        layout = self.layout
        text = regions.num_tokens - (num_written - 1) - len(layout.reply)
        end = text - 1
        if is_opening:
            brackets = len(layout.opening_bracket) + len(layout.close)
            end = self.visual_start + brackets + layout.num_frame_tokens - 1
        pruned = [self._drop(regions, self.visual_start, end)]
        text -= end + 1 - self.visual_start
        self.narrations.append((text, regions.num_tokens))
        if retain is not None and not is_opening and len(self.narrations) > retain:
            first, last = self.narrations.pop(0)
            pruned.append(self._drop(regions, first, last))
            size = last - first + 1
            self.narrations = [(start - size, stop - size) for start, stop in self.narrations]
        if is_finished:
            kept = len(layout.newline) if self.keep_newlines else 0
            self.visual_start = regions.num_tokens + 1 + kept
        self.latest = tuple(pruned)

    @staticmethod
    def _drop(regions: StreamRegions, first: int, last: int) -> PrunedSlots:
        """Forget slots as a slice does: stale books may go below 0, which counts from the end."""
        start, stop, _ = slice(first, last + 1).indices(regions.num_tokens)
        return PrunedSlots((first, last), tuple(regions.drop_slots(start, stop - 1)))
