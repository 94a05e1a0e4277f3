"""The trigger's policy."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from operators.narrator.trigger import Trigger

PROBABILITY = st.floats(0, 1)
TRIGGER = st.builds(
    Trigger,
    theta=PROBABILITY,
    theta_low=PROBABILITY,
    average_segment_s=st.floats(0, 60),
    fps=st.floats(0.1, 60),
    speak_at_threshold=st.booleans(),
)


@given(trigger=TRIGGER, elapsed_s=st.floats(0, 1000))
def test_threshold_is_one_of_two_and_never_turns_back(trigger, elapsed_s):
    threshold = trigger.threshold(elapsed_s)
    assert threshold in {trigger.theta, trigger.theta_low}
    if elapsed_s <= trigger.average_segment_s:
        assert threshold == trigger.theta_low
    if elapsed_s > trigger.average_segment_s + 1 / trigger.fps:
        assert threshold == trigger.theta


@given(trigger=TRIGGER, p_skip=PROBABILITY, threshold=PROBABILITY)
def test_speaks_below_the_threshold_and_at_it_if_told(trigger, p_skip, threshold):
    assert trigger.speaks(p_skip, threshold) == (
        p_skip < threshold or (p_skip == threshold and trigger.speak_at_threshold)
    )
    assert replace(trigger, speak_at_threshold=True).speaks(threshold, threshold)
    assert not replace(trigger, speak_at_threshold=False).speaks(threshold, threshold)


@given(trigger=TRIGGER, threshold=PROBABILITY)
def test_what_is_not_a_number_never_speaks(trigger, threshold):
    assert not trigger.speaks(math.nan, threshold)


@given(jitter_s=st.floats(-0.24, 0.24))
def test_jitter_of_capture_times_does_not_decide(jitter_s):
    trigger = Trigger(theta=0.8, theta_low=0.5, average_segment_s=4.0, fps=2.0)
    assert trigger.threshold(4.0 + jitter_s) == 0.5
    assert trigger.threshold(4.5 + jitter_s) == 0.8
