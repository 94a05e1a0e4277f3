import cv2
import numpy as np
import pytest

from operators.datasets.world import generate

TIMES_S = (0.0, 3.3, 17.04, 29.96, 8.5)


def test_a_frame_is_the_same_from_a_fresh_video_and_in_any_order():
    first = generate(3, 30.0)
    frames = {time_s: first.frame(time_s, 96) for time_s in TIMES_S}
    second = generate(3, 30.0)
    for time_s in reversed(TIMES_S):
        np.testing.assert_array_equal(second.frame(time_s, 96), frames[time_s])


def test_frames_differ_between_seeds_and_moments():
    video = generate(3, 30.0)
    assert np.abs(video.frame(2.0, 96).astype(int) - generate(4, 30.0).frame(2.0, 96)).mean() > 5
    assert np.abs(video.frame(2.0, 96).astype(int) - video.frame(2.04, 96)).mean() > 0.2


@pytest.mark.parametrize("size", [33, 112, 145, 384])
def test_frames_can_have_odd_sizes(size):
    frame = generate(1, 30.0).frame(12.3, size)
    assert frame.shape == (size, size, 3)
    assert frame.dtype == np.uint8
    assert frame.flags["C_CONTIGUOUS"]


def test_a_small_frame_looks_like_a_large_one_shrunk_by_area():
    for seed in (1, 2, 3):
        video = generate(seed, 60.0)
        for time_s in (5.0, 23.4, 41.7):
            large = cv2.resize(video.frame(time_s, 384), (144, 144), interpolation=cv2.INTER_AREA)
            difference = large.astype(int) - video.frame(time_s, 144)
            assert np.abs(difference).mean() < 5.0
            assert np.abs(difference.mean((0, 1))).max() < 1.5


def test_what_is_hidden_does_not_show():
    video, other = generate(6, 60.0), generate(6, 60.0)
    for contents in other._stage.contents:
        contents._values = [-1] * len(contents._values)
    for time_s in (10.0, 25.0, 40.0, 55.0):
        np.testing.assert_array_equal(video.frame(time_s, 96), other.frame(time_s, 96))


def test_frames_are_bright_and_colourful_enough_to_see():
    for seed in range(8):
        frame = generate(seed, 30.0).frame(10.0, 144)
        assert 80 < frame.mean() < 215
        assert frame.std() > 25
