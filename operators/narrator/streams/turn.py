"""One stream's frame in a step: the decision about it, the narration while it is written, the outcome."""

import math
from dataclasses import dataclass, field

from operators.narrator.sequences.layout import SequenceLayout
from operators.narrator.streams.stream import Stream
from operators.narrator.types import FrameInput, FrameOutcome, Narration


@dataclass(slots=True)
class Turn:
    """A frame that is being processed; lives for one step.

    Attributes:
        stream: Its stream.
        frame: The frame.
        p_skip: Probability of [SKIP]; NaN for the opening frame.
        threshold: Threshold in force; NaN for the opening frame.
        speaks: A narration ends with this frame.
        forced: It is not the model's choice.
        tokens: Tokens of the narration so far.
        logit_margin: Smallest distance of a chosen token's logit from the second best so far.
    """

    stream: Stream
    frame: FrameInput
    p_skip: float = float("nan")
    threshold: float = float("nan")
    speaks: bool = False
    forced: bool = False
    tokens: list[int] = field(default_factory=list)
    logit_margin: float = math.inf

    def decide(self, p_skip: float, skip_is_best: bool) -> None:
        """Decide whether a narration ends with the frame; a replayed frame repeats its decision."""
        if self.stream.is_opening:
            self.speaks = self.forced = True
            return
        plan = self.stream.plan
        self.p_skip, self.threshold = p_skip, self.stream.threshold(self.frame.capture_time_ns)
        self.stream.p_skip_margin = min(self.stream.p_skip_margin, abs(p_skip - self.threshold))
        chosen = plan.trigger.speaks(p_skip, self.threshold, skip_is_best=skip_is_best)
        self.forced = not chosen and self.frame.end_of_stream and plan.rules.narrate_at_end
        replay = self.frame.replay
        self.speaks = chosen or self.forced if replay is None else replay.token_ids is not None

    def take(self, best: int, margin: float = math.inf) -> bool:
        """Add the next token: the replayed one, the end of turn at the limit, or else the model's best.

        Args:
            best: The likeliest token.
            margin: How far its logit is above the second best.

        Returns:
            Whether the narration goes on.
        """
        plan, replay = self.stream.plan, self.frame.replay
        end_of_turn = plan.layout.end_of_turn
        is_last = len(self.tokens) + 1 == plan.settings.max_new_tokens
        if replay is not None and replay.token_ids is not None:
            token = replay.token_ids[len(self.tokens)]
        else:
            token = end_of_turn if is_last and plan.rules.unfinished == "forced" else best
            self.logit_margin = min(self.logit_margin, margin)
        self.tokens.append(token)
        return token != end_of_turn and not (is_last and plan.rules.unfinished == "breaks")

    def finish(self) -> FrameOutcome:
        """Close the segment if it is over (this prunes the stream) and tell what the frame led to."""
        narration = self._narration(self.stream.plan.layout) if self.speaks else None
        folded = not self.speaks and self.stream.is_full
        if self.speaks:
            self.stream.end_segment(self.frame.capture_time_ns, self.tokens)
        elif folded:
            self.stream.fold()
        return FrameOutcome(
            stream=self.frame.stream,
            position=self.frame.position,
            p_skip=self.p_skip,
            threshold=self.threshold,
            narration=narration,
            replayed=self.frame.replay is not None,
            folded=folded,
        )

    def _narration(self, layout: SequenceLayout) -> Narration:
        stream, frame = self.stream, self.frame
        return Narration(
            segment=stream.segment,
            start=stream.start or frame.position,
            end=frame.position,
            start_time_ns=stream.start_time_ns,
            end_time_ns=frame.capture_time_ns,
            text=layout.decode(tuple(self.tokens)),
            token_ids=tuple(self.tokens),
            p_skip=self.p_skip,
            threshold=self.threshold,
            forced=self.forced,
            num_frames=stream.num_frames_of_segment,
            p_skip_margin=stream.p_skip_margin,
            logit_margin=self.logit_margin,
        )
