"""The scores of teacher-forced passes on hand-made logits: replies early, on time, late and missing."""

import math

import pytest
import torch

from operators.errors import OperatorError
from operators.scoring.late_reply import append_frames
from operators.scoring.teacher_metrics import mean_perplexity, teacher_loss, teacher_metrics
from operators.scoring.turns import TeacherPass, TurnTokens, split_turns

CLOSE, SKIP, END, WORD, OTHER, VOCABULARY = range(6)
VISION = VOCABULARY + 1  # placeholders lie outside the vocabulary
NUM_FRAME_TOKENS = 2
TOKENS = TurnTokens(VISION, SKIP, END, NUM_FRAME_TOKENS)
UNSURE = torch.tensor([0.4, 0.6, 1e-9, 1e-9, 1e-9]).log()  # the separator is the best id, with 0.6


def logits_for(answers):
    return 20.0 * torch.nn.functional.one_hot(torch.tensor(answers), VOCABULARY).float()


class Replies:
    """Answers to the frames that a search for a late reply appends; remembers what it was asked."""

    def __init__(self, *answers):
        self.answers = answers
        self.asked = []

    def __call__(self, token_ids, visible):
        self.asked.append((token_ids, visible))
        period = NUM_FRAME_TOKENS + 1
        ours = logits_for([OTHER] * len(token_ids))
        for number, answer in enumerate(reversed(self.answers)):
            ours[len(token_ids) - 1 - number * period] = logits_for([answer])[0]
        return ours


def turn(answers, words=(WORD, END)):
    """Rows (token, label, answer) of a turn: frames with these answers, then the text "WORD END"."""
    rows = []
    for number, answer in enumerate(answers):
        label = SKIP if number + 1 < len(answers) else CLOSE
        rows += [(VISION, -100, OTHER), (VISION, label, answer)]
        if label == SKIP:
            rows.append((SKIP, -100, OTHER))
    first, second = words
    return [*rows, (CLOSE, WORD, first), (WORD, END, second), (END, -100, OTHER)]


def scored(*turns, **settings):
    token_ids, labels, answers = zip(*(row for rows in turns for row in rows), strict=True)
    length = len(token_ids)
    visible = torch.ones(length, length, dtype=torch.bool).tril()
    return TeacherPass(
        torch.tensor(token_ids), torch.tensor(labels), visible, logits_for(answers), **settings
    )


def metrics(*turns, model=None, threshold=0.0):
    model = model or Replies()
    return teacher_metrics(scored(*turns), model, TOKENS, threshold)


def test_all_right_and_on_time():
    result = metrics(turn([SKIP, SKIP, CLOSE]), turn([CLOSE]))
    assert result.perplexity == pytest.approx(1.0, abs=1e-6)
    assert (result.frame_difference, result.fluency, result.correctness) == (0.0, 1.0, 1.0)


def test_an_early_reply_spoils_the_frames_after_it_and_the_text():
    result = metrics(turn([SKIP, OTHER, SKIP, SKIP]))
    assert result.frame_difference == 2.0
    assert result.fluency == pytest.approx((4 - 2) / 6)
    assert result.correctness == 1.0


@pytest.mark.parametrize(
    ("answers", "difference"), [([SKIP, CLOSE], 2), ([CLOSE, CLOSE], 1), ([SKIP, SKIP], 2)]
)
def test_a_late_reply_is_looked_for_in_the_next_frames(answers, difference):
    model = Replies(*answers)
    result = metrics(turn([SKIP, SKIP, SKIP]), turn([SKIP, SKIP, SKIP, SKIP, CLOSE]), model=model)
    assert len(model.asked) == 1
    token_ids, visible = model.asked[0]
    frame = [SKIP, VISION, VISION]
    assert token_ids.tolist() == [VISION, VISION, *frame, *frame, *frame, *frame]
    assert visible.shape == (len(token_ids), len(token_ids))
    assert result.frame_difference == pytest.approx(difference / 2)
    assert result.fluency == pytest.approx(((3 - 1) / 5 + 1) / 2)


def test_no_more_frames_are_looked_at_than_the_next_turn_has():
    model = Replies(SKIP)
    result = metrics(turn([SKIP] * 4), turn([CLOSE]), model=model)
    assert len(model.asked[0][0]) == 4 * 3 - 1 + 3
    assert result.frame_difference == pytest.approx(1 / 2)


@pytest.mark.parametrize("turns", [[turn([SKIP]), turn([SKIP, CLOSE])], [turn([SKIP, SKIP])]])
def test_without_frames_to_look_at_a_missing_reply_costs_nothing(turns):
    model = Replies()
    result = metrics(*turns, model=model)
    assert model.asked == []
    assert (result.frame_difference, result.fluency) == (0.0, 1.0)


def test_a_separator_below_the_threshold_is_a_reply():
    rows = scored(turn([SKIP, SKIP, CLOSE]))
    rows.logits[1] = UNSURE
    for threshold, difference in ((0.0, 0.0), (0.5, 0.0), (0.7, 2.0)):
        result = teacher_metrics(rows, Replies(), TOKENS, threshold)
        assert result.frame_difference == difference


def test_a_separator_of_id_0_is_never_below_the_threshold():
    """The authors' code sets such rows to 0, whose best id is 0: the separator itself."""
    from operators.scoring.teacher_metrics import _replies

    unsure = torch.tensor([[0.6, 0.4, 1e-9]]).log()
    assert _replies(unsure, skip=0, threshold=0.7).tolist() == [False]
    assert _replies(unsure.flip(1), skip=2, threshold=0.7).tolist() == [True]


def test_the_threshold_holds_for_late_replies_too():
    def unsure(token_ids, visible):
        return UNSURE.expand(len(token_ids), -1)

    turns = [turn([SKIP, SKIP, SKIP]), turn([SKIP, SKIP, CLOSE])]
    assert metrics(*turns, model=unsure).frame_difference == 1.0  # 2 and 0: none was found
    assert metrics(*turns, model=unsure, threshold=0.7).frame_difference == 0.5


def test_correctness_counts_up_to_the_first_wrong_word():
    result = metrics(turn([CLOSE], words=(OTHER, END)), turn([CLOSE], words=(WORD, OTHER)))
    assert result.correctness == pytest.approx((0 + 1 / 2) / 2)
    assert result.fluency == pytest.approx((1 / 3 + 2 / 3) / 2)


def test_perplexity_is_the_mean_of_the_turns_own():
    losses = [torch.tensor([1.0, 3.0]), torch.tensor([0.0])]
    assert mean_perplexity(losses) == pytest.approx((math.exp(2) + 1) / 2)
    result = metrics(turn([CLOSE], words=(OTHER, OTHER)), turn([CLOSE]))
    assert result.perplexity == pytest.approx((math.exp(20) + 1) / 2, rel=1e-4)


def test_turns_without_labels_do_not_count():
    unlabelled = [(token, -100, answer) for token, _, answer in turn([SKIP, SKIP])]
    spoken = [(token, -100 if token == VISION else label, answer) for token, label, answer in turn([SKIP])]
    assert metrics(unlabelled, spoken) == metrics(turn([CLOSE]))
    nothing = metrics(unlabelled)
    assert (nothing.perplexity, nothing.frame_difference) == (1.0, 0.0)
    assert (nothing.fluency, nothing.correctness) == (1.0, 1.0)


def test_what_follows_the_last_end_of_turn_is_no_turn():
    assert len(split_turns(scored(turn([CLOSE]), turn([SKIP])[:-1]), TOKENS)) == 1


def test_loss_weighs_frames():
    rows = scored(turn([SKIP], words=(WORD, OTHER)))  # a frame and a word are wrong, by 20 each
    assert teacher_loss(rows, TOKENS) == pytest.approx(40 / 3, rel=1e-4)
    assert teacher_loss(rows, TOKENS, stream_weight=0.5) == pytest.approx(30 / 3, rel=1e-4)


def test_appended_frames_see_what_the_row_before_them_sees():
    rows = scored(turn([SKIP, SKIP]), turn([CLOSE]))
    rows.visible[3:, 1] = False
    length = 5
    token_ids, visible = append_frames(rows, TOKENS, length, 1)
    assert token_ids.tolist() == [*rows.token_ids[:length].tolist(), SKIP, VISION, VISION]
    assert torch.equal(visible[:length, :length], rows.visible[:length, :length])
    assert visible[length:].int().tolist() == [
        [1, 0, 1, 1, 1, 1, 0, 0],
        [1, 0, 1, 1, 1, 1, 1, 0],
        [1, 0, 1, 1, 1, 1, 1, 1],
    ]


def test_appended_frames_see_the_last_k_complete_narrations():
    first, second = turn([CLOSE]), turn([CLOSE])
    narrations = ((2, 4), (7, 9), (15, 17))
    rows = scored(first, second, turn([SKIP, SKIP]), last_k=1, narrations=narrations)
    _, visible = append_frames(rows, TOKENS, 15, 1)
    assert not visible[15:, 2:5].any()
    assert visible[15:, 7:10].all()


def test_a_part_of_a_frame_is_refused():
    rows = scored(turn([CLOSE])[1:])
    with pytest.raises(OperatorError, match=r"1 frame tokens, no multiple of 2"):
        teacher_metrics(rows, Replies(), TOKENS, 0.0)


def test_tensors_that_do_not_fit_together_are_refused():
    ids, mask = torch.zeros(3, dtype=torch.int64), torch.ones(3, 3, dtype=torch.bool)
    with pytest.raises(OperatorError, match="must be"):
        TeacherPass(ids, ids, mask, torch.zeros(2, VOCABULARY))
