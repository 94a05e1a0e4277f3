"""The trigger's policy."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from operators.narrator.streams.trigger import Trigger

PROBABILITY = st.floats(0, 1)
TRIGGER = st.builds(
    Trigger,
    theta=PROBABILITY,
    theta_low=PROBABILITY,
    average_segment_s=st.floats(0, 60),
    fps=st.floats(0.1, 60),
    speak_when=st.sampled_from(["at_most", "below"]),
)


@given(trigger=TRIGGER, elapsed_s=st.floats(0, 1000))
def test_threshold_is_one_of_two_and_never_turns_back(trigger, elapsed_s):
    threshold = trigger.threshold(elapsed_s, 0)
    assert threshold in {trigger.theta, trigger.theta_low}
    if elapsed_s <= trigger.average_segment_s:
        assert threshold == trigger.theta_low
    if elapsed_s > trigger.average_segment_s + 1 / trigger.fps:
        assert threshold == trigger.theta


@given(trigger=TRIGGER, p_skip=PROBABILITY, threshold=PROBABILITY, skip_is_best=st.booleans())
def test_speaks_at_most_at_the_threshold(trigger, p_skip, threshold, skip_is_best):
    trigger = replace(trigger, speak_when="at_most")
    assert trigger.speaks(p_skip, threshold, skip_is_best=skip_is_best) == (p_skip <= threshold)


@given(trigger=TRIGGER, p_skip=PROBABILITY, threshold=PROBABILITY)
def test_speaks_below_the_threshold_or_if_another_token_is_likelier(trigger, p_skip, threshold):
    trigger = replace(trigger, speak_when="below")
    assert trigger.speaks(p_skip, threshold, skip_is_best=True) == (p_skip < threshold)
    assert trigger.speaks(p_skip, threshold, skip_is_best=False)


@given(trigger=TRIGGER, threshold=PROBABILITY, skip_is_best=st.booleans())
def test_what_is_not_a_number_never_speaks(trigger, threshold, skip_is_best):
    assert not trigger.speaks(math.nan, threshold, skip_is_best=skip_is_best)


def test_a_clock_in_frames_counts_frames_whatever_the_time():
    trigger = Trigger(theta=0.8, theta_low=0.5, average_segment_s=4.0, fps=2.0, clock="frames")
    assert [trigger.threshold(0.0, frames) for frames in (0, 8, 9, 100)] == [0.5, 0.5, 0.8, 0.8]
    assert trigger.threshold(1000.0, 8) == 0.5


@given(jitter_s=st.floats(-0.24, 0.24))
def test_jitter_of_capture_times_does_not_decide(jitter_s):
    trigger = Trigger(theta=0.8, theta_low=0.5, average_segment_s=4.0, fps=2.0)
    assert trigger.threshold(4.0 + jitter_s, 0) == 0.5
    assert trigger.threshold(4.5 + jitter_s, 0) == 0.8
