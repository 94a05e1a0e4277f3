"""The frame after which a narration is due."""

import numpy as np

from operators.scoring import end_frame


def test_first_frame_at_or_after_the_end():
    times = np.arange(10) / 2 + 0.25
    assert end_frame(1.0, times) == 2
    assert end_frame(1.25, times) == 2
    assert end_frame(1.26, times) == 3
    assert end_frame(0.0, times) == 0


def test_no_frame_after_the_last():
    assert end_frame(5.1, [0.0, 0.5, 5.0]) is None
