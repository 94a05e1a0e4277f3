from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.encoder.pool import EncoderPool
from pipeline.messages.records import Receipt
from pipeline.reader.dispatcher import Dispatcher


class Remote:
    """Stands for an actor's method: remembers its calls, and answers when it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.answers: list[Future[Any]] = []

    def remote(self, *arguments: Any) -> Any:
        self.calls.append(arguments)
        self.answers.append(Future())
        return SimpleNamespace(future=lambda answer=self.answers[-1]: answer)


def outgoing(num_frames: int, *, is_behind: bool = False) -> Any:
    frames = np.zeros((num_frames, 2, 2, 3), np.uint8) if num_frames else None
    return SimpleNamespace(batch=SimpleNamespace(num_frames=num_frames, is_behind=is_behind), frames=frames)


@pytest.fixture
def actors() -> SimpleNamespace:
    dispatcher = Dispatcher(EncoderPool(lambda: 0.0))
    encode, accept = Remote(), Remote()
    lane = SimpleNamespace(narrator=SimpleNamespace(accept=accept))
    dispatcher.set_encoders({"e": SimpleNamespace(encode=encode)})
    return SimpleNamespace(dispatcher=dispatcher, encode=encode, accept=accept, lane=lane)


def test_features_go_beside_the_batch_and_the_answer_comes_back(actors: SimpleNamespace) -> None:
    sent = outgoing(3)
    assert actors.dispatcher.send(actors.lane, sent)
    ((frames, is_behind),) = actors.encode.calls
    assert not is_behind
    ((batch, references),) = actors.accept.calls
    assert frames.shape == (3, 2, 2, 3)
    assert batch is sent.batch
    assert len(references) == 1
    assert actors.dispatcher.landings() == []
    actors.accept.answers[0].set_result(Receipt.PROCESSED)
    (landing,) = actors.dispatcher.landings()
    assert (landing.flight.outgoing, landing.receipt, landing.error) == (sent, Receipt.PROCESSED, "")


def test_an_encoder_is_told_what_may_wait(actors: SimpleNamespace) -> None:
    actors.dispatcher.send(actors.lane, outgoing(3, is_behind=True))
    assert actors.encode.calls[0][1] is True


def test_dead_letters_need_no_encoder(actors: SimpleNamespace) -> None:
    actors.dispatcher.set_encoders({})
    assert not actors.dispatcher.send(actors.lane, outgoing(1))
    assert actors.dispatcher.send(actors.lane, outgoing(0))
    assert actors.accept.calls[0][1] == []


def test_an_encoder_that_lost_features_is_left_alone(actors: SimpleNamespace) -> None:
    actors.dispatcher.send(actors.lane, outgoing(1))
    actors.accept.answers[0].set_result(Receipt.FEATURES_LOST)
    assert actors.dispatcher.landings(1.0)[0].receipt is Receipt.FEATURES_LOST
    assert not actors.dispatcher.send(actors.lane, outgoing(1))


def test_a_narrator_that_dies_is_an_error_and_no_receipt(actors: SimpleNamespace) -> None:
    actors.dispatcher.send(actors.lane, outgoing(1))
    actors.accept.answers[0].set_exception(RuntimeError("the actor died\nwith many lines"))
    (landing,) = actors.dispatcher.landings(1.0)
    assert landing.receipt is None
    assert landing.error == "RuntimeError: the actor died"
    assert actors.dispatcher.send(actors.lane, outgoing(1)), "the encoder is not to blame"


def test_what_a_silent_encoder_has_is_given_to_another_one(actors: SimpleNamespace) -> None:
    sent = outgoing(3)
    actors.dispatcher.send(actors.lane, sent)
    actors.dispatcher.send(actors.lane, outgoing(0))
    other = SimpleNamespace(encode=Remote())
    actors.dispatcher.set_encoders({"other": other})
    (landing,) = actors.dispatcher.landings(60.0)
    assert (landing.flight.outgoing, landing.receipt) == (sent, Receipt.FEATURES_LOST)
    assert actors.dispatcher.send(actors.lane, sent)
    assert len(other.encode.calls) == 1
    for answer in actors.accept.answers:
        answer.set_result(Receipt.PROCESSED)
    landed = [landing.flight.encoder for landing in actors.dispatcher.landings(1.0)]
    assert landed == [None, "other"], "the late answer about the silent one's batch is no news"
