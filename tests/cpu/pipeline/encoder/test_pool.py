from types import SimpleNamespace

import numpy as np

from pipeline.encoder.pool import SHUN_S, EncoderPool


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def encoders(*names):
    return {
        name: SimpleNamespace(encode=SimpleNamespace(remote=lambda frames, name=name: (name, len(frames))))
        for name in names
    }


def frames(count):
    return np.zeros((count, 4, 4, 3), np.uint8)


def test_the_least_loaded_encoder_is_chosen():
    pool = EncoderPool(Clock())
    assert pool.choose() is None
    pool.set_encoders(encoders("a", "b"))
    assert pool.submit(pool.choose(), frames(3)) == ("a", 3)
    assert pool.submit(pool.choose(), frames(1)) == ("b", 1)
    assert pool.choose() == "b"
    pool.finished("a", 3, failed=False)
    assert pool.choose() == "a"


def test_an_encoder_that_failed_is_left_alone_for_a_while():
    clock = Clock()
    pool = EncoderPool(clock)
    pool.set_encoders(encoders("a", "b"))
    pool.submit("a", frames(2))
    pool.finished("a", 2, failed=True)
    pool.submit("b", frames(9))
    assert pool.choose() == "b"
    pool.finished("b", 9, failed=True)
    assert pool.choose() is None
    clock.now_s += SHUN_S
    assert pool.choose() == "a"


def test_a_replaced_encoder_is_forgotten_and_the_others_keep_their_load():
    pool = EncoderPool(Clock())
    pool.set_encoders(encoders("a", "b"))
    pool.submit("a", frames(2))
    pool.submit("b", frames(2))
    pool.set_encoders(encoders("b", "c"))
    pool.finished("a", 2, failed=True)
    assert pool.choose() == "c"
