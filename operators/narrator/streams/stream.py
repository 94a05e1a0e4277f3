"""State of one stream on the host: counters, clock, and what is fed and pruned when. No tensors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from operators.narrator.sequences import pieces
from operators.narrator.sequences.pieces import Piece, Region
from operators.narrator.streams.plan import StreamPlan
from operators.narrator.streams.regions import StreamRegions
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.slot_pruning import SlotPruning
from operators.narrator.types import FrameInput, FramePosition

NS_PER_S = 1_000_000_000


@dataclass(slots=True)
class Stream:
    """One open stream. `show` is called for each frame before it is fed; then, if due, `end_segment`
    or `fold`, and after them `rebase`.

    Attributes:
        name: Stream id.
        slot: Its slot in the engine's buffers.
        plan: What it is narrated with.
        regions: Its visible tokens.
        slot_pruning: Books of the rules that prune by slots; None otherwise.
        position: Its last frame; None before the first.
        segment: Number of the open segment, which is the number of narrations so far.
        num_frames: Frames fed since the last boundary (narration or fold).
        frames_since_narration: Frames fed since the last narration's.
        start: First frame of the open segment; None if it has none yet.
        start_time_ns: Capture time of that frame.
        last_narration_ns: Capture time of the last narration's frame.
        is_opening: The next frame opens the context with the prompt and is narrated in any case: the stream's
            first one, and the first one behind a change of the prompt.
        p_skip_margin: Smallest distance of p([SKIP]) from its threshold since the last narration.
        end_of_turn_pending: The last narration is retained and its end of turn was not fed yet.
        unfinished_token: Last token of a narration that was cut off, not fed yet; else None.
    """

    name: str
    slot: int
    plan: StreamPlan
    regions: StreamRegions
    slot_pruning: SlotPruning | None = None
    position: FramePosition | None = None
    segment: int = 0
    num_frames: int = 0
    frames_since_narration: int = 0
    start: FramePosition | None = None
    start_time_ns: int = 0
    last_narration_ns: int = 0
    is_opening: bool = True
    p_skip_margin: float = math.inf
    end_of_turn_pending: bool = False
    unfinished_token: int | None = None

    @property
    def settings(self) -> StreamSettings:
        """As opened."""
        return self.plan.settings

    @property
    def num_frames_of_segment(self) -> int:
        """Frames of the open segment, folded ones included."""
        return 1 if self.is_opening else self.frames_since_narration

    @property
    def opens_segment(self) -> bool:
        """Tell whether the next frame starts with the memory."""
        return self.num_frames == 0 and not self.is_opening and self.unfinished_token is None

    @property
    def is_full(self) -> bool:
        """Tell whether the open segment has reached its frame limit and is to be folded."""
        folds = self.plan.rules.folds and not self.plan.keeps_frames
        return folds and self.num_frames >= self.settings.max_segment_frames

    def threshold(self, capture_time_ns: int) -> float:
        """Return the trigger's threshold for a frame of that time."""
        elapsed_s = (capture_time_ns - self.last_narration_ns) / NS_PER_S
        return self.plan.trigger.threshold(elapsed_s, self.frames_since_narration)

    def show(self, frame: FrameInput) -> list[Piece]:
        """Count a frame and return what is fed with it; makes room for it if the stream keeps its frames."""
        layout = self.plan.layout
        if self.is_opening:
            fed = self.plan.opening_pieces
        elif self.unfinished_token is not None:
            fed = pieces.after_unfinished(layout, self.unfinished_token)
            self.unfinished_token = None
        elif self.opens_segment:
            fed = pieces.segment_start(
                layout,
                num_memory_tokens=self.plan.num_memory_tokens,
                end_of_turn=self.end_of_turn_pending,
                keep_newline=self.plan.rules.keep_newlines,
            )
            self.end_of_turn_pending = False
        else:
            fed = pieces.next_frame(layout)
        if self.start is None:
            self.start, self.start_time_ns = frame.position, frame.capture_time_ns
        self.position = frame.position
        self.num_frames += 1
        self.frames_since_narration += 0 if self.is_opening else 1
        if self.plan.keeps_frames:
            self._make_visual_room(fed)
        return fed

    def end_segment(self, capture_time_ns: int, tokens: Sequence[int]) -> None:
        """Prune after a narration of these tokens that ended with a frame of that time."""
        is_finished = tokens[-1] == self.plan.layout.end_of_turn
        self.unfinished_token = None if is_finished else tokens[-1]
        self.end_of_turn_pending = is_finished
        if self.slot_pruning is not None:
            if not self.plan.keeps_frames:
                self.slot_pruning.end_narration(
                    self.regions,
                    num_written=len(tokens),
                    is_opening=self.is_opening,
                    is_finished=is_finished,
                    retain=self.settings.retain_narrations,
                )
        else:
            if not self.plan.keeps_frames:
                self.regions.drop_visual()
            self._drop_old_narrations()
        self.segment += 1
        self.is_opening = False
        self.p_skip_margin = math.inf
        self.num_frames = self.frames_since_narration = 0
        self.start = None
        self.last_narration_ns = capture_time_ns

    def change_plan(self, plan: StreamPlan) -> None:
        """Be narrated by another plan from the next segment on.

        If prompt or history differ, the context begins anew: no narration is kept, the next frame opens it.
        """
        old, self.plan = self.plan.settings, plan
        if (old.prompt, old.history) == (plan.settings.prompt, plan.settings.history):
            self._drop_old_narrations()
            return
        self.regions = StreamRegions(self.regions.sizes)
        self.is_opening = True
        self.end_of_turn_pending = False

    def fold(self) -> None:
        """Drop the open segment's visual tokens: the memory knows them. Nothing is narrated."""
        self.regions.drop_visual()
        self.num_frames = 0

    def rebase(self) -> bool:
        """Shift positions if the next segment (where frames are kept: frame) could leave the trained range.

        What is kept is moved to right behind the prompt; the oldest goes while that is not enough.

        Returns:
            Whether keys were moved.
        """
        regions, moved = self.regions, False
        is_between = self.num_frames == 0 or self.plan.keeps_frames
        if self.is_opening or not is_between or not self.plan.rules.rebase:
            return False
        reach = self.plan.num_step_positions
        while regions.next_position + reach > self.plan.max_position + 1:
            kept = [run.position for run in (*regions.narrations[:1], *regions.visual[:1])]
            first = min(kept, default=regions.next_position)
            if first > regions.prompt_end:
                regions.shift(first - regions.prompt_end)
                moved = bool(kept)
            elif regions.visual and regions.visual[0].position == first:
                regions.drop_oldest_visual(self._frame_tokens)
            elif regions.narrations:
                self._drop_oldest_narration()
            else:
                break
        return moved

    @property
    def _frame_tokens(self) -> int:
        return self.plan.layout.num_frame_tokens + 1

    def _make_visual_room(self, fed: list[Piece]) -> None:
        """Drop the oldest visual tokens, in whole frames' worth, until what is fed and the reply fit."""
        coming = sum(len(piece.token_ids) for piece in fed if piece.region is Region.VISUAL)
        coming += len(self.plan.layout.close)
        excess = sum(run.length for run in self.regions.visual) + coming - self.regions.sizes.visual
        if excess > 0:
            self.regions.drop_oldest_visual(-(-excess // self._frame_tokens) * self._frame_tokens)

    def _drop_old_narrations(self) -> None:
        retain = self.settings.retain_narrations
        while self.regions.narrations and (
            (retain is not None and len(self.regions.narrations) > retain)
            or self.regions.num_narration_tokens + 1 > self.settings.max_narration_tokens
        ):
            self._drop_oldest_narration()

    def _drop_oldest_narration(self) -> None:
        """Forget the oldest narration; if it was the last, no one can see its end of turn any more."""
        self.regions.drop_oldest_narration()
        if not self.regions.narrations and self.end_of_turn_pending:
            self.end_of_turn_pending = False
            self.regions.skip_position()
