from types import SimpleNamespace

import numpy as np

from pipeline.encoder.pool import SHUN_S, EncoderPool


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def encoders(*names):
    return {
        name: SimpleNamespace(
            encode=SimpleNamespace(remote=lambda frames, is_behind, name=name: (name, len(frames)))
        )
        for name in names
    }


def frames(count):
    return np.zeros((count, 4, 4, 3), np.uint8)


def test_the_least_loaded_encoder_is_chosen():
    pool = EncoderPool(Clock())
    assert pool.choose(is_behind=False) is None
    pool.set_encoders(encoders("a", "b"))
    assert pool.submit(pool.choose(is_behind=False), frames(3), is_behind=False) == ("a", 3)
    assert pool.submit(pool.choose(is_behind=False), frames(1), is_behind=False) == ("b", 1)
    assert pool.choose(is_behind=False) == "b"
    pool.finished("a", 3, is_behind=False, failed=False)
    assert pool.choose(is_behind=False) == "a"


def test_an_encoder_that_failed_is_left_alone_for_a_while():
    clock = Clock()
    pool = EncoderPool(clock)
    pool.set_encoders(encoders("a", "b"))
    pool.submit("a", frames(2), is_behind=False)
    pool.finished("a", 2, is_behind=False, failed=True)
    pool.submit("b", frames(9), is_behind=False)
    assert pool.choose(is_behind=False) == "b"
    pool.finished("b", 9, is_behind=False, failed=True)
    assert pool.choose(is_behind=False) is None
    clock.now_s += SHUN_S
    assert pool.choose(is_behind=False) == "a"


def test_a_replaced_encoder_is_forgotten_and_the_others_keep_their_load():
    pool = EncoderPool(Clock())
    pool.set_encoders(encoders("a", "b"))
    pool.submit("a", frames(2), is_behind=False)
    pool.submit("b", frames(2), is_behind=False)
    pool.set_encoders(encoders("b", "c"))
    pool.finished("a", 2, is_behind=False, failed=True)
    assert pool.choose(is_behind=False) == "c"


def test_live_frames_do_not_mind_those_that_are_behind():
    pool = EncoderPool(Clock())
    pool.set_encoders(encoders("a", "b"))
    pool.submit("a", frames(16), is_behind=True)
    pool.submit("b", frames(2), is_behind=False)
    assert pool.choose(is_behind=False) == "a"
    assert pool.choose(is_behind=True) == "b"
    pool.finished("b", 2, is_behind=False, failed=False)
    assert pool.choose(is_behind=False) == "b"
    pool.finished("a", 16, is_behind=True, failed=False)
    assert pool.choose(is_behind=False) == "a"
