"""The four scores of a teacher-forced pass: perplexity, frame difference, fluency, correctness.

They are those of VideoLLM-online's streaming evaluation (`stream_evaluate` of its public code), which FlowNar
takes over. Each is a mean over the turns of a sequence; `turns.py` says which rows count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from operators.scoring.late_reply import SequenceLogits, late_rows
from operators.scoring.turns import TeacherPass, Turn, TurnTokens, split_turns


@dataclass(frozen=True, slots=True)
class TeacherMetrics:
    """Means over turns.

    Attributes:
        perplexity: exp of the mean cross-entropy of a turn's language rows; 1 if no turn has any.
        frame_difference: Frames between the model's reply and the label's, early or late; 0 if no turn has
            labelled frames.
        fluency: Share of a turn's labels that are kept to before the first mistake; 1 if no turn has both
            kinds of rows.
        correctness: Share of a turn's language rows before the first wrong one; 1 if no turn has any.
    """

    perplexity: float
    frame_difference: float
    fluency: float
    correctness: float


def teacher_metrics(
    scored: TeacherPass, model: SequenceLogits, tokens: TurnTokens, threshold: float
) -> TeacherMetrics:
    """Score a teacher-forced pass.

    Args:
        scored: The pass.
        model: Asked what it says to the next frames where a turn's frames bring no reply.
        tokens: Ids and sizes.
        threshold: A separator less probable than this counts as a reply; 0: the best id decides alone.

    Raises:
        OperatorError: A turn has a part of a frame.
    """
    turns = split_turns(scored, tokens)
    losses, differences, fluencies, correctness = [], [], [], []
    for turn, next_turn in zip(turns, [*turns[1:], None], strict=True):
        num_correct, num_language = num_leading_right(scored, turn), len(turn.language_rows)
        if num_language:
            losses.append(_losses(scored, turn.language_rows))
            correctness.append(num_correct / num_language)
        if len(turn.stream_rows):
            difference = frame_difference(scored, model, tokens, threshold, turn, next_turn)
            differences.append(abs(difference))
            if num_language:
                fluencies.append(fluency(turn, difference, num_correct))
    return TeacherMetrics(
        perplexity=mean_perplexity(losses),
        frame_difference=_mean(differences, 0.0),
        fluency=_mean(fluencies, 1.0),
        correctness=_mean(correctness, 1.0),
    )


def teacher_loss(scored: TeacherPass, tokens: TurnTokens, stream_weight: float = 1.0) -> float:
    """Sum of the labelled rows' cross-entropies over their number, those of frames times `stream_weight`."""
    rows = (scored.labels >= 0).nonzero()[:, 0]
    is_frame = scored.token_ids[rows] == tokens.vision
    losses = _losses(scored, rows)
    return float(losses.where(~is_frame, losses * stream_weight).mean())


def mean_perplexity(losses: Sequence[Tensor]) -> float:
    """Mean over turns of each turn's own perplexity, from its rows' cross-entropies [W]; 1 without turns."""
    return _mean([float(turn.mean().exp()) for turn in losses], 1.0)


def num_leading_right(scored: TeacherPass, turn: Turn) -> int:
    """How many language rows of a turn have the label as their best id, up to the first that hasn't."""
    right = scored.logits[turn.language_rows].argmax(dim=-1) == scored.labels[turn.language_rows]
    return int(right.long().cumprod(dim=0).sum())


def frame_difference(
    scored: TeacherPass,
    model: SequenceLogits,
    tokens: TurnTokens,
    threshold: float,
    turn: Turn,
    next_turn: Turn | None,
) -> int:
    """How many frames before (positive) or after (negative) the turn's last one the model replies.

    If none of its frames brings a reply, the search goes on in the next turn's frames, in at most one fewer
    than the turn has; without a reply there, the last one looked at counts. 0 if there is none to look at.
    """
    replies = _replies(scored.logits[turn.stream_rows], tokens.skip, threshold)
    if replies.any():
        return len(replies) - int(replies.nonzero()[0]) - 1
    num_looked_at = 0 if next_turn is None else min(next_turn.num_frames, turn.num_frames - 1)
    if num_looked_at < 1:
        return 0
    length = int(turn.stream_rows[-1]) + 1
    late = _replies(late_rows(model, scored, tokens, length, num_looked_at), tokens.skip, threshold)
    return -int(late.nonzero()[0]) - 1 if late.any() else -num_looked_at


def fluency(turn: Turn, difference: int, num_correct: int) -> float:
    """Share of a turn's labels kept to before the first mistake.

    An early reply spoils the frames after it, a late one the last frame; both spoil the whole text.
    """
    num_kept = len(turn.stream_rows)
    if difference == 0:
        num_kept += num_correct
    else:
        num_kept -= max(difference, 1)
    return num_kept / (len(turn.stream_rows) + len(turn.language_rows))


def _losses(scored: TeacherPass, rows: Tensor) -> Tensor:
    return functional.cross_entropy(scored.logits[rows], scored.labels[rows], reduction="none")


def _replies(logits: Tensor, skip: int, threshold: float) -> Tensor:
    """Which rows [R, vocabulary] are a reply: the separator is not the best id, or not probable enough.

    Where it is not probable enough, the authors' code sets the whole row to 0, so that its best id is 0.
    """
    improbable = logits.softmax(dim=-1)[:, skip] < threshold
    best = logits.argmax(dim=-1).masked_fill(improbable, 0)
    return best != skip


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
