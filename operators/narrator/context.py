"""The context rules: what a stream is shown, when it speaks, what it forgets. One frozen object a preset."""

import difflib
from dataclasses import dataclass, replace
from typing import Literal

from operators.errors import EngineError


@dataclass(frozen=True, slots=True)
class ContextRules:
    """How the engine treats a stream. Under all rules:

    - The first frame narrates. Its narration is number 0, its frame is pruned like any other.
    - After a narration, its segment's frames, memory and their brackets are pruned at once; prompt and
      retained narrations stay. (The authors' training mask hides them only from the next frames' opening
      bracket on: see `reference_mask`. The `paper` rules train with `mask.paper_mask`, which hides at once.)
    - With k retained narrations, a segment's frames and its text see the last k complete ones. (The authors'
      streaming does so too; their training shows k + 1 to the frames.)
    - The end of turn is fed with the opening of the next segment, as a key of its own narration.
    - The last frame of a stream narrates what is open, if the rules narrate at the end.

    Attributes:
        name: Name of the preset.
        memory_read: How much of the last frame before a segment its memory knows. `whole_frame`: all N
            tokens, as the paper describes the memory. `first_token`: the authors' code reads the state after
            that frame's first token, in training and in streaming; their checkpoints expect it.
        keep_newlines: The newline before a segment's brackets is never pruned, not even with its narration:
            the authors' code leaves one newline a narration in the cache, so that even the cache of the
            last k grows. The paper says that the cache depends on the current segment (and on the
            narrations that are kept) only: the newline goes with the brackets.
        speak_when: `at_most`: a narration is written if p([SKIP]) <= threshold (the paper's trigger).
            `below`: the authors' code writes one if p([SKIP]) < threshold, or if [SKIP] is not the most
            likely token; the second can only matter for thresholds of 0.5 and less.
        clock: What the two thresholds count since the last narration. `frames`: the authors' code counts
            frames, 8 of them at its 2 frames a second, from frame 0 on. `seconds`: the same length in
            time, from the last narration's frame on, so that streams of other rates behave alike.
        unfinished: What becomes of a narration that reaches the token limit. `forced`: its last token is
            the end of turn. `breaks`: the authors' code cuts it off, feeds the next frame behind the half
            sentence, and keeps a stale start of what is pruned next; for comparison only (`slot_pruning`).
        rebase: Positions are moved to the beginning at a segment's end before they leave the trained range.
            The authors' code never renumbers; neither does the paper say so, whose videos are short.
        folds: A segment of `max_segment_frames` without a narration is folded: its visual tokens are pruned,
            the next frame opens with the memory, nothing is said. The authors' code lets the segment grow.
        narrate_at_end: The last frame of a stream forces a narration of its open segment, as in the authors'
            code, which narrates the last frame however sure the model is to skip it.
    """

    name: str
    memory_read: Literal["first_token", "whole_frame"]
    keep_newlines: bool
    speak_when: Literal["below", "at_most"]
    clock: Literal["frames", "seconds"]
    unfinished: Literal["breaks", "forced"]
    rebase: bool
    folds: bool
    narrate_at_end: bool = True


PAPER = ContextRules(
    name="paper",
    memory_read="whole_frame",
    keep_newlines=False,
    speak_when="at_most",
    clock="seconds",
    unfinished="forced",
    rebase=True,
    folds=True,
)
"""The rules of the method's description; training with `mask.paper_mask` shows the same keys as streaming."""

REFERENCE = ContextRules(
    name="reference",
    memory_read="first_token",
    keep_newlines=True,
    speak_when="below",
    clock="frames",
    unfinished="breaks",
    rebase=False,
    folds=False,
)
"""What the authors' code does, number by number. For comparison only: its cache grows with the stream."""

RELEASED_LIVE = replace(
    REFERENCE,
    name="released_live",
    keep_newlines=False,
    unfinished="forced",
    rebase=True,
    folds=True,
)
"""The authors' checkpoints on streams that never end: as in training, but nothing grows."""

PRESETS = {rules.name: rules for rules in (PAPER, REFERENCE, RELEASED_LIVE)}


def rules_named(name: str) -> ContextRules:
    """Return the preset of that name.

    Raises:
        EngineError: There is none; the message names the nearest.
    """
    if name not in PRESETS:
        nearest = difflib.get_close_matches(name, PRESETS, n=1, cutoff=0.0)[0]
        raise EngineError(
            f"there are no context rules {name!r}.",
            action=f"The nearest are {nearest!r}; all: {', '.join(PRESETS)}.",
        )
    return PRESETS[name]
