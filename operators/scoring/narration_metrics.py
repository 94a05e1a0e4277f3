"""Scores of narrated videos as the method's authors report them: text and time, of a corpus and of its clips.

Every ground-truth narration is paired with the prediction whose time segment fits best (see `temporal`), and
the pairs' texts are scored (see `text_scores`). Predictions that serve no truth cost only temporal precision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from operators.errors import OperatorError
from operators.scoring.matching import PredictedNarration
from operators.scoring.meteor import MeteorProcess
from operators.scoring.narration_layouts import AnnotatedClip
from operators.scoring.temporal import ClipAlignment, align_clip
from operators.scoring.text_scores import TextScores, score_texts


@dataclass(frozen=True, slots=True)
class NarrationMetrics:
    """The six scores; all but CIDEr (0 to 10) lie between 0 and 1.

    Attributes:
        meteor: METEOR 1.5; of a clip the mean over its pairs, of a corpus METEOR's own corpus score.
        rouge_l: ROUGE-L, mean over pairs.
        cider: CIDEr, mean over pairs, with the n-gram weights of the whole corpus.
        t_precision: Share of the predictions whose segment reaches the IoU threshold with some truth.
        t_recall: Share of the truths whose segment reaches it with some prediction.
        t_f1: Harmonic mean of the two; of a corpus the mean of its clips' F1, not the F1 of its means.
    """

    meteor: float
    rouge_l: float
    cider: float
    t_precision: float
    t_recall: float
    t_f1: float


@dataclass(frozen=True, slots=True)
class NarrationPair:
    """A ground-truth text and the prediction that it was paired with.

    Attributes:
        clip: Name of the clip.
        number: Place of the truth in its clip, from 1, annotators one after the other.
        truth: Ground-truth text.
        predicted: Predicted text.
    """

    clip: str
    number: int
    truth: str
    predicted: str


@dataclass(frozen=True, slots=True)
class CorpusMetrics:
    """Scores of a corpus.

    Attributes:
        corpus: Text scores over all pairs; temporal scores as means over clips.
        clips: Scores of every clip that was scored, by name.
        pairs: All pairs, clip by clip.
    """

    corpus: NarrationMetrics
    clips: Mapping[str, NarrationMetrics]
    pairs: tuple[NarrationPair, ...]


def score_corpus(
    truth: Sequence[AnnotatedClip],
    predicted: Mapping[str, Sequence[PredictedNarration]],
    *,
    iou_threshold: float = 0.5,
    meteor: MeteorProcess | None = None,
) -> CorpusMetrics:
    """Score predictions against ground truth.

    Args:
        truth: Clips with unique names. A clip is left out if `predicted` doesn't name it, or if it has no
            narration.
        predicted: Narrations by the name of the clip; names that `truth` doesn't have are ignored.
        iou_threshold: Smallest IoU of two segments that counts for the temporal scores.
        meteor: A running METEOR program, which stays open; one is started and ended if None.

    Raises:
        OperatorError: Nothing can be paired, a clip has an empty list of predictions, two clips have the same
            name, or METEOR failed.
    """
    pairs: list[NarrationPair] = []
    alignments: dict[str, ClipAlignment] = {}
    for clip in truth:
        narrations = [narration for annotator in clip.annotations for narration in annotator]
        if clip.name not in predicted or not narrations:
            continue
        if clip.name in alignments:
            raise OperatorError(f"Two clips of the ground truth are named {clip.name!r}.")
        candidates = predicted[clip.name]
        if not candidates:
            raise OperatorError(
                f"The list of predictions of {clip.name!r} is empty.",
                action="Remove the entry to leave the clip out of all scores.",
            )
        alignment = align_clip(
            clip.annotations, candidates, start_s=clip.start_s, iou_threshold=iou_threshold
        )
        alignments[clip.name] = alignment
        for number, (narration, partner) in enumerate(zip(narrations, alignment.partners, strict=True), 1):
            pairs.append(NarrationPair(clip.name, number, narration.text, candidates[partner].text))
    if not pairs:
        raise OperatorError(
            f"Nothing can be paired: {len(truth)} clips of ground truth, {len(predicted)} of predictions.",
            action="Check that the predictions name the same videos and intervals as the ground truth.",
        )
    texts = _score_texts([(pair.truth, pair.predicted) for pair in pairs], meteor)
    clips = _score_clips(alignments, texts)
    corpus = NarrationMetrics(
        meteor=texts.meteor.corpus,
        rouge_l=texts.rouge_l.corpus,
        cider=texts.cider.corpus,
        t_precision=fmean(clip.t_precision for clip in clips.values()),
        t_recall=fmean(clip.t_recall for clip in clips.values()),
        t_f1=fmean(clip.t_f1 for clip in clips.values()),
    )
    return CorpusMetrics(corpus, clips, tuple(pairs))


def _score_texts(pairs: Sequence[tuple[str, str]], meteor: MeteorProcess | None) -> TextScores:
    if meteor is not None:
        return score_texts(pairs, meteor)
    with MeteorProcess() as own:
        return score_texts(pairs, own)


def _score_clips(alignments: Mapping[str, ClipAlignment], texts: TextScores) -> dict[str, NarrationMetrics]:
    """Scores of every clip; the pairs of `texts` follow one another in the order of the clips."""
    clips = {}
    first = 0
    for name, alignment in alignments.items():
        own = slice(first, first + len(alignment.partners))
        first = own.stop
        clips[name] = NarrationMetrics(
            fmean(texts.meteor.pairs[own]),
            fmean(texts.rouge_l.pairs[own]),
            fmean(texts.cider.pairs[own]),
            alignment.precision,
            alignment.recall,
            alignment.f1,
        )
    return clips
