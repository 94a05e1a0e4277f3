"""State of one stream on the host: counters, clock, and what is fed and pruned when. No tensors."""

from dataclasses import dataclass

from operators.narrator import pieces
from operators.narrator.layout import SequenceLayout
from operators.narrator.pieces import Piece
from operators.narrator.regions import StreamRegions
from operators.narrator.settings import StreamSettings
from operators.narrator.trigger import Trigger
from operators.narrator.types import FrameInput, FramePosition

NS_PER_S = 1_000_000_000


@dataclass(slots=True)
class Stream:
    """One open stream. `show` is called for each frame before it is fed; then, if due, `end_segment`
    or `fold`, and after them `rebase`.

    Attributes:
        name: Stream id.
        slot: Its slot in the engine's buffers.
        settings: As opened.
        trigger: When it speaks.
        user: Piece with the user's prompt.
        regions: Its visible tokens.
        max_position: Largest position that may be used.
        position: Its last frame; None before the first.
        segment: Number of the open segment, which is the number of narrations so far.
        num_frames: Frames fed since the last boundary (narration or fold).
        start: First frame of the open segment; None if it has none yet.
        start_time_ns: Capture time of that frame.
        last_narration_ns: Capture time of the last narration's frame.
        end_of_turn_pending: The last narration is retained and its end of turn was not fed yet.
    """

    name: str
    slot: int
    settings: StreamSettings
    trigger: Trigger
    user: tuple[int, ...]
    regions: StreamRegions
    max_position: int
    position: FramePosition | None = None
    segment: int = 0
    num_frames: int = 0
    start: FramePosition | None = None
    start_time_ns: int = 0
    last_narration_ns: int = 0
    end_of_turn_pending: bool = False

    @property
    def is_opening(self) -> bool:
        """Tell whether the stream has not narrated its first frame yet."""
        return self.segment == 0

    @property
    def opens_segment(self) -> bool:
        """Tell whether the next frame starts with the memory."""
        return self.num_frames == 0 and not self.is_opening

    @property
    def is_full(self) -> bool:
        """Tell whether the open segment has reached its frame limit."""
        return self.num_frames >= self.settings.max_segment_frames

    def threshold(self, capture_time_ns: int) -> float:
        """Return the trigger's threshold for a frame of that time."""
        return self.trigger.threshold((capture_time_ns - self.last_narration_ns) / NS_PER_S)

    def show(self, frame: FrameInput, layout: SequenceLayout) -> list[Piece]:
        """Count a frame and return what is fed with it."""
        if self.is_opening:
            fed = pieces.opening(layout, self.user)
        elif self.opens_segment:
            fed = pieces.segment_start(layout, end_of_turn=self.end_of_turn_pending)
            self.end_of_turn_pending = False
        else:
            fed = pieces.next_frame(layout)
        if self.start is None:
            self.start, self.start_time_ns = frame.position, frame.capture_time_ns
        self.position = frame.position
        self.num_frames += 1
        return fed

    def end_segment(self, capture_time_ns: int) -> None:
        """Prune after a narration that ended with a frame of that time, and open the next segment."""
        self.regions.drop_visual()
        self.end_of_turn_pending = True
        retain = self.settings.retain_narrations
        while self.regions.narrations and (
            (retain is not None and len(self.regions.narrations) > retain)
            or self.regions.num_narration_tokens + 1 > self.settings.max_narration_tokens
        ):
            self._drop_oldest_narration()
        self.segment += 1
        self.num_frames = 0
        self.start = None
        self.last_narration_ns = capture_time_ns

    def fold(self) -> None:
        """Drop the open segment's visual tokens: the memory knows them. Nothing is narrated."""
        self.regions.drop_visual()
        self.num_frames = 0

    def rebase(self, layout: SequenceLayout) -> bool:
        """Shift positions at a segment's end if the next segment could leave the trained range.

        The narrations are moved to right behind the prompt; the oldest are dropped while that is not enough.

        Returns:
            Whether narrations were moved.
        """
        regions, moved = self.regions, False
        if self.is_opening or self.num_frames:
            return False
        reach = num_segment_positions(layout, self.settings)
        while regions.next_position + reach > self.max_position + 1:
            first = regions.narrations[0].position if regions.narrations else regions.next_position
            if first > regions.prompt_end:
                regions.shift(first - regions.prompt_end)
                moved = bool(regions.narrations)
            elif regions.narrations:
                self._drop_oldest_narration()
            else:
                break
        return moved

    def _drop_oldest_narration(self) -> None:
        """Forget the oldest narration; if it was the last, no one can see its end of turn any more."""
        self.regions.drop_oldest_narration()
        if not self.regions.narrations and self.end_of_turn_pending:
            self.end_of_turn_pending = False
            self.regions.skip_position()


def num_segment_positions(layout: SequenceLayout, settings: StreamSettings) -> int:
    """Return how many positions one segment can take at most, its narration included."""
    return layout.num_segment_tokens(settings.max_segment_frames) + settings.max_new_tokens


def num_opening_positions(layout: SequenceLayout, user: tuple[int, ...]) -> int:
    """Return how many positions the opening takes up to the end of the prompt."""
    return sum(len(piece.token_ids) for piece in pieces.opening(layout, user))
