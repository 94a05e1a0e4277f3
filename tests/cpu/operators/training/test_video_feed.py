"""The thread that brings videos into the bank."""

import numpy as np
import pytest

from operators.training.samples import VideoSample
from operators.training.video_feed import VideoFeed


class Bank:
    """Counts videos; has room for two until it is widened."""

    def __init__(self) -> None:
        self.count, self.room = 0, 2

    @property
    def has_room(self) -> bool:
        return self.count < self.room

    @property
    def is_full(self) -> bool:
        return self.count == 5

    def put(self, sample: VideoSample) -> None:
        self.count += 1


def sample(seed: int) -> VideoSample:
    none = np.zeros((0, 0))
    return VideoSample(seed, none, none, none, none, "", (), ())


def test_videos_are_sorted_and_wait_for_room():
    bank = Bank()
    with VideoFeed((sample(seed) for seed in (1, 90, 2, 3, 91, 4, 5)), bank, [90, 91]) as feed:
        feed.wait(2, 1)
        assert bank.count == 2
        bank.room = 5
        feed.wait(5, 2)
    assert [video.seed for video in feed.validation] == [90, 91]


def test_an_error_while_rendering_is_told():
    def broken():
        yield sample(1)
        raise ValueError("a worker died")

    with VideoFeed(broken(), Bank(), []) as feed, pytest.raises(RuntimeError, match="rendering"):
        feed.wait(2, 0)


def test_too_few_videos_are_told():
    with VideoFeed([sample(1)], Bank(), []) as feed, pytest.raises(RuntimeError, match="only 1 training"):
        feed.wait(2, 0)
