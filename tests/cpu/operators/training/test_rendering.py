"""Videos rendered by other processes."""

import os
from pathlib import Path

import numpy as np
import pytest

from operators.training.rendering import RenderPool
from operators.training.samples import VideoSample


def make(seed: int) -> VideoSample:
    if seed == 13:
        raise ValueError("no such video")
    frames = np.full((3, 4, 4, 3), seed, np.uint8)
    labels = np.zeros((3, 1), np.int16)
    return VideoSample(seed, frames, np.arange(3.0), labels, labels, "a bench", (), ())


def test_frames_arrive_and_the_spool_is_empty():
    with RenderPool(make, range(6), 2) as pool:
        spool = Path(pool._spool)
        samples = {sample.seed: sample for sample in pool}
        assert not list(spool.iterdir())
    assert sorted(samples) == list(range(6))
    assert all((sample.frames == seed).all() for seed, sample in samples.items())
    assert samples[5].frames.shape == (3, 4, 4, 3)
    assert not os.path.exists(spool)


def test_an_error_in_a_worker_is_raised():
    with RenderPool(make, [1, 13], 1) as pool, pytest.raises(ValueError, match="no such video"):
        list(pool)
