"""Where a stream's keys lie in its slot, and at which positions: host bookkeeping, no tensors.

    prompt (kept) | narrations (a ring) | visual (of the open segment)

Pruning changes lengths only; nothing is copied. Attention does not care about the order of keys, so the
regions need not lie in the order of their positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from operators.errors import EngineError
from operators.narrator.sequences.pieces import Region
from operators.narrator.streams.runs import Run, merged_ranges

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RegionSizes:
    """Capacity of a slot's regions, in tokens."""

    prompt: int
    narrations: int
    visual: int

    @property
    def total(self) -> int:
        """Tokens of a slot."""
        return self.prompt + self.narrations + self.visual


@dataclass(slots=True)
class StreamRegions:
    """The tokens of one stream that are still visible.

    Attributes:
        sizes: Capacities.
        next_position: Position of the next token that is fed.
        prompt: Runs of the prompt.
        narrations: One run per retained narration, oldest first.
        visual: Runs of the open segment's visual tokens.
    """

    sizes: RegionSizes
    next_position: int = 0
    prompt: list[Run] = field(default_factory=list)
    narrations: list[Run] = field(default_factory=list)
    visual: list[Run] = field(default_factory=list)

    def append(self, region: Region, count: int) -> tuple[Indices, Indices]:
        """Take room for tokens that are fed now.

        Args:
            region: Where they live. In NARRATION they join the latest narration if they follow it directly;
                otherwise they begin a new one (visual tokens always stand between two narrations).
            count: How many.

        Returns:
            Their places in the slot and their positions, int64 [count] each.

        Raises:
            EngineError: The region is full.
        """
        runs, _, size = self._region(region)
        if not runs or runs[-1].position + runs[-1].length != self.next_position:
            start = runs[-1].start + runs[-1].length if runs else 0
            runs.append(Run(start, self.next_position, 0))
        last = runs[-1]
        added = Run(last.start + last.length, self.next_position, count)
        if added.start + count - runs[0].start > size:
            raise EngineError(
                f"the {region.value} region of {size} tokens is full.",
                action="Raise the limits in the model's config.json, or shorten the prompt.",
            )
        last.length += count
        self.next_position += count
        return self._places(region, [added])

    def skip_position(self) -> None:
        """Count a token that no later token could see, so that it need not be fed."""
        self.next_position += 1

    def drop_oldest_narration(self) -> None:
        """Forget the oldest narration."""
        del self.narrations[0]

    def drop_visual(self) -> None:
        """Forget the segment's frames, memory and brackets."""
        self.visual.clear()

    def drop_oldest_visual(self, count: int) -> None:
        """Forget the oldest visual tokens: `count` of them, or all if they are fewer."""
        while self.visual and count > 0:
            dropped = min(count, self.visual[0].length)
            self.visual[0] = self.visual[0].without_first(dropped)
            count -= dropped
            if not self.visual[0].length:
                del self.visual[0]

    def drop_slots(self, first: int, last: int) -> list[tuple[int, int]]:
        """Forget visible tokens by their number in the order of feeding, whatever region they live in.

        Args:
            first: Number of the first, from 0.
            last: Number of the last, included; may lie beyond the end.

        Returns:
            Positions that were forgotten, as ranges (first, last), both included.
        """
        dropped: list[tuple[int, int]] = []
        before = 0
        for runs, run in sorted(self._all_runs(), key=lambda item: item[1].position):
            low, high = max(first - before, 0), min(last + 1 - before, run.length)
            before += run.length
            if low < high:
                place = next(index for index, other in enumerate(runs) if other is run)
                kept = (run.first(low), run.without_first(high))
                runs[place : place + 1] = [part for part in kept if part.length]
                dropped.append((run.position + low, run.position + high - 1))
        return merged_ranges(dropped)

    def shift(self, distance: int) -> None:
        """Subtract a distance from the positions of all that is not the prompt."""
        for run in (*self.narrations, *self.visual):
            run.position -= distance
        self.next_position -= distance

    @property
    def num_tokens(self) -> int:
        """Visible tokens: the length of the stream's cache."""
        return sum(run.length for _, run in self._all_runs())

    def position_ranges(self) -> list[tuple[int, int]]:
        """Positions of the visible tokens, as ranges (first, last), both included."""
        return merged_ranges([(run.position, run.position + run.length - 1) for _, run in self._all_runs()])

    @property
    def prompt_end(self) -> int:
        """First position behind the prompt."""
        return self.prompt[-1].position + self.prompt[-1].length

    @property
    def num_narration_tokens(self) -> int:
        """Tokens in the ring."""
        return sum(run.length for run in self.narrations)

    def visible_keys(self) -> tuple[Indices, Indices]:
        """Places in the slot and positions of all visible tokens, region by region; int64 [L] each."""
        parts = [self._places(region, self._region(region)[0]) for region in Region]
        places, positions = zip(*parts, strict=True)
        return np.concatenate(places), np.concatenate(positions)

    def movable_keys(self) -> tuple[Indices, Indices]:
        """Places in the slot and positions of the tokens that `shift` moves; int64 [L] each."""
        parts = [self._places(Region.NARRATION, self.narrations), self._places(Region.VISUAL, self.visual)]
        places, positions = zip(*parts, strict=True)
        return np.concatenate(places), np.concatenate(positions)

    def _all_runs(self) -> list[tuple[list[Run], Run]]:
        """Every run, with the list that it stands in."""
        return [(runs, run) for runs in (self.prompt, self.narrations, self.visual) for run in runs]

    def _region(self, region: Region) -> tuple[list[Run], int, int]:
        """Runs, first place and size of a region."""
        prompt, ring = self.sizes.prompt, self.sizes.narrations
        if region is Region.PROMPT:
            return self.prompt, 0, prompt
        if region is Region.NARRATION:
            return self.narrations, prompt, ring
        return self.visual, prompt + ring, self.sizes.visual

    def _places(self, region: Region, runs: Sequence[Run]) -> tuple[Indices, Indices]:
        _, base, size = self._region(region)
        table = np.array([(run.start, run.position, run.length) for run in runs], dtype=np.int64)
        starts, positions, lengths = table.reshape(-1, 3).T
        before = np.cumsum(lengths) - lengths
        index = np.arange(lengths.sum())
        places = base + (np.repeat(starts - before, lengths) + index) % size
        return places, np.repeat(positions - before, lengths) + index
