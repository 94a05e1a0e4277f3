"""METEOR, ROUGE-L and CIDEr of paired narrations, with the scorers of the package `pycocoevalcap`.

ROUGE-L and CIDEr see the raw text split at blanks: case and punctuation count. METEOR normalises by itself.
CIDEr (arXiv 1411.5726, the variant CIDEr-D) weighs n-grams by how few truths of the whole corpus have them,
so a pair's score depends on all other pairs, and it is 0 if there is only one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from operators.errors import OperatorError
from operators.scoring.meteor import MeteorProcess, MetricScores


@dataclass(frozen=True, slots=True)
class TextScores:
    """Text scores of one corpus.

    Attributes:
        meteor: METEOR 1.5; the corpus score comes from the matches of all pairs together.
        rouge_l: ROUGE-L; the corpus score is the mean of the pairs.
        cider: CIDEr; the corpus score is the mean of the pairs.
    """

    meteor: MetricScores
    rouge_l: MetricScores
    cider: MetricScores


def score_texts(pairs: Sequence[tuple[str, str]], meteor: MeteorProcess) -> TextScores:
    """Score predictions against one truth each.

    Args:
        pairs: (truth, prediction).
        meteor: The running METEOR program; it stays open.

    Raises:
        OperatorError: There is no pair, no truth has a word, or METEOR failed. A corpus without a pair has no
            score: zeros would hide that names or intervals of the predictions don't fit those of the truth.
    """
    if not any(truth.split() for truth, _ in pairs):
        raise OperatorError(
            f"None of {len(pairs)} pairs has a ground-truth text with a word in it.",
            action="Check that the predictions name the same videos and intervals as the ground truth.",
        )
    # Late: what reads only the types of scores needn't load the scorers.
    from pycocoevalcap.cider.cider import Cider  # noqa: PLC0415
    from pycocoevalcap.rouge.rouge import Rouge  # noqa: PLC0415

    truths = {index: [truth] for index, (truth, _) in enumerate(pairs)}
    predictions = {index: [text] for index, (_, text) in enumerate(pairs)}
    return TextScores(
        meteor=meteor.score(pairs),
        rouge_l=_scores(*Rouge().compute_score(truths, predictions)),
        cider=_scores(*Cider().compute_score(truths, predictions)),
    )


def _scores(corpus: float, pairs: Sequence[float]) -> MetricScores:
    return MetricScores(float(corpus), tuple(float(score) for score in pairs))
