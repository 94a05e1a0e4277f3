"""How a video's frames are cut into segments for training: as the truth has it, and as a live model might.

A live model writes some narrations a frame late or early and folds some segments silently. Sequences that
are cut like that teach it to go on from there; at the frames where both answers would do, nothing is
learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from operators.narrator.sequences.layout import SequenceLayout
from operators.narrator.sequences.sequence import Segment


@dataclass(frozen=True, slots=True)
class CutShares:
    """How often segments deviate from the truth.

    Attributes:
        late: Share of the segments that end one frame late.
        early: Share that end one frame early.
        fold: Share that are folded silently once before their narration.
    """

    late: float = 0.0
    early: float = 0.0
    fold: float = 0.0


@dataclass(frozen=True, slots=True)
class CutVideo:
    """One way to cut a video.

    Attributes:
        segments: The opening, the narrated segments, and what is left at the end (without a narration).
        undecided: Frames after which neither skipping nor speaking would be wrong.
    """

    segments: tuple[Segment, ...]
    undecided: frozenset[int]


def cut_video(
    ends: Sequence[int],
    narrations: Sequence[tuple[int, ...]],
    num_frames: int,
    shares: CutShares,
    rng: Random,
) -> CutVideo:
    """Cut a video of `num_frames` frames at the frames in `ends`, some of them moved.

    Args:
        ends: Frame at which each narration is due, strictly ascending, 1 <= end < num_frames.
        narrations: Tokens of the opening and of each narration: one more than `ends`.
        num_frames: Frames of the video, the opening frame included.
        shares: How often to deviate.
        rng: Source of the deviations.
    """
    segments = [Segment(1, narrations[0])]
    undecided = set()
    last = 0
    for number, end in enumerate(ends):
        following = ends[number + 1] if number + 1 < len(ends) else num_frames
        boundary = end + _shift(rng, shares)
        if not last < boundary < following:
            boundary = end
        if boundary != end:
            undecided.add(min(boundary, end))
        length = boundary - last
        if length > 3 and rng.random() < shares.fold:
            folded = rng.randrange(1, length)
            segments.append(Segment(folded, None))
            length -= folded
        segments.append(Segment(length, narrations[number + 1]))
        last = boundary
    if last + 1 < num_frames:
        segments.append(Segment(num_frames - 1 - last, None))
    return CutVideo(tuple(segments), frozenset(undecided))


def due_narrations(
    ends: Sequence[int | None], texts: Sequence[str], layout: SequenceLayout
) -> tuple[list[int], list[tuple[int, ...]]]:
    """Keep the narrations that fall on a frame of their own after the opening frame.

    Args:
        ends: Frame at which each is due, None if after the video's last frame; not descending.
        texts: Their texts.
        layout: Writes the tokens.

    Returns:
        Frames, strictly ascending, and tokens.
    """
    kept: list[int] = []
    tokens = []
    for end, text in zip(ends, texts, strict=True):
        if end is not None and end > (kept[-1] if kept else 0):
            kept.append(end)
            tokens.append(layout.narration(text))
    return kept, tokens


def _shift(rng: Random, shares: CutShares) -> int:
    draw = rng.random()
    if draw < shares.late:
        return 1
    return -1 if draw < shares.late + shares.early else 0
