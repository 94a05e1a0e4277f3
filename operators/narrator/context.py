"""The context rules: what a stream is shown, when it speaks, what it forgets. One frozen object a preset."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContextRules:
    """How the engine treats a stream. These hold for every preset so far:

    - The first frame always narrates. Its narration is number 0, its frame is pruned like any other.
    - A segment opens with the memory as it is after all N tokens of the last frame before the segment.
    - After a narration its segment's frames, memory and brackets are pruned at once, with the newline before
      the brackets. Prompt and retained narrations stay; with k retained narrations, a segment's frames and
      its text both see the last k complete ones.
    - The clock of the two thresholds runs in seconds from the last narration's frame.
    - A narration that reaches the token limit ends there with a forced end of turn.
    - The end of turn is fed with the opening of the next segment, as a key of its own narration.
    - Positions are never renumbered until they would leave the trained range; then the narrations are moved
      to right behind the prompt at a segment's end (rebase), the oldest dropped if they reach too far.
    - A segment of `max_segment_frames` frames without a narration is folded: its visual tokens are pruned and
      the next frame opens with the memory again; nothing is said, and the narration to come covers it.

    Attributes:
        name: Name of the preset.
        speak_at_threshold: A narration is written if p([SKIP]) <= threshold, not only if it is less.
        narrate_at_end: The last frame of a stream forces a narration of its open segment.
    """

    name: str
    speak_at_threshold: bool
    narrate_at_end: bool


PAPER = ContextRules(name="paper", speak_at_threshold=True, narrate_at_end=True)
"""The rules of the method's description; training with `mask.paper_mask` shows the same keys as streaming."""
