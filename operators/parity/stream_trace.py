"""What happens inside the engine, frame by frame, in the terms of the recorded runs."""

from dataclasses import dataclass, field

from torch import Tensor

from operators.narrator.sequences.layout import SequenceLayout
from operators.narrator.streams.slot_pruning import PrunedSlots
from operators.narrator.streams.stream import Stream
from operators.narrator.types import FrameOutcome

Range = tuple[int, int]
"""First and last, both included."""


@dataclass(frozen=True, slots=True)
class NarrationTrace:
    """The cache around one narration.

    Attributes:
        frame: Number of its last frame.
        prefix_tokens: Tokens fed between that frame and the first token of the text.
        cache_len_before: Cache length after the frame.
        cache_len_after_generation: Cache length when it was written.
        last_position_fed: Position of the last token fed then.
        pruned: What was pruned then.
        kept_positions: Positions that remained.
    """

    frame: int
    prefix_tokens: int
    cache_len_before: int
    cache_len_after_generation: int
    last_position_fed: int
    pruned: tuple[PrunedSlots, ...]
    kept_positions: tuple[Range, ...]


@dataclass(slots=True)
class StreamTrace:
    """One stream; lists have an item per frame, NaN or None where an opening frame has none.

    Attributes:
        outcomes: What the engine said.
        p_end: Probability of the first token of `close` after the frame.
        argmax_id: Most likely token after the frame.
        num_new_tokens: Tokens fed with the frame.
        cache_len_after_forward, last_position_after_forward: Right after it was fed.
        cache_len_after_frame, last_position_after_frame: After everything that it caused.
        narrations: The cache around each narration.
        token_margins: Distance of the best logit to the second, for every token written.
        trigger_margins: The same among all tokens but [SKIP], for every narrated frame but the opening.
    """

    outcomes: list[FrameOutcome] = field(default_factory=list)
    p_end: list[float] = field(default_factory=list)
    argmax_id: list[int] = field(default_factory=list)
    num_new_tokens: list[int] = field(default_factory=list)
    cache_len_after_forward: list[int] = field(default_factory=list)
    last_position_after_forward: list[int] = field(default_factory=list)
    cache_len_after_frame: list[int] = field(default_factory=list)
    last_position_after_frame: list[int] = field(default_factory=list)
    narrations: list[NarrationTrace] = field(default_factory=list)
    token_margins: list[float] = field(default_factory=list)
    trigger_margins: list[float] = field(default_factory=list)


class TraceObserver:
    """Traces all streams of an engine; see `observer.EngineObserver`.

    Args:
        layout: The model's.
    """

    def __init__(self, layout: SequenceLayout) -> None:
        self.traces: dict[str, StreamTrace] = {}
        self._layout = layout
        self._written: dict[str, tuple[int, int]] = {}
        self._margin_without_skip: dict[str, float] = {}

    def frame_shown(self, stream: Stream, logits: Tensor) -> None:
        """Note lengths, positions and probabilities after a frame."""
        trace = self.traces.setdefault(stream.name, StreamTrace())
        before = trace.last_position_after_frame[-1] if trace.last_position_after_frame else -1
        last = stream.regions.next_position - 1
        probabilities = logits.float().softmax(dim=-1)
        trace.p_end.append(float(probabilities[self._layout.close[0]]))
        trace.argmax_id.append(int(logits.argmax()))
        trace.num_new_tokens.append(last - before)
        trace.cache_len_after_forward.append(stream.regions.num_tokens)
        trace.last_position_after_forward.append(last)
        others = logits.clone()
        others[self._layout.skip] = -float("inf")
        self._margin_without_skip[stream.name] = _margin(others)

    def token_chosen(self, stream: Stream, logits: Tensor) -> None:
        """Note how clear the choice was."""
        self.traces[stream.name].token_margins.append(_margin(logits))

    def narration_written(self, stream: Stream) -> None:
        """Note length and position before pruning."""
        self._written[stream.name] = (stream.regions.num_tokens, stream.regions.next_position - 1)

    def frame_finished(self, stream: Stream, outcome: FrameOutcome) -> None:
        """Note what was pruned, and what is left."""
        trace = self.traces[stream.name]
        trace.outcomes.append(outcome)
        trace.cache_len_after_frame.append(stream.regions.num_tokens)
        trace.last_position_after_frame.append(stream.regions.next_position - 1)
        if outcome.narration is None:
            return
        is_opening = outcome.narration.segment == 0
        ends = self._layout.newline if is_opening else self._layout.close
        length, position = self._written.pop(stream.name)
        trace.narrations.append(
            NarrationTrace(
                frame=len(trace.outcomes) - 1,
                prefix_tokens=len(ends) + len(self._layout.reply),
                cache_len_before=trace.cache_len_after_forward[-1],
                cache_len_after_generation=length,
                last_position_fed=position,
                pruned=stream.slot_pruning.latest if stream.slot_pruning is not None else (),
                kept_positions=tuple(stream.regions.position_ranges()),
            )
        )
        if not is_opening:
            trace.trigger_margins.append(self._margin_without_skip[stream.name])


def _margin(logits: Tensor) -> float:
    best = logits.float().topk(2).values
    return float(best[0] - best[1])
