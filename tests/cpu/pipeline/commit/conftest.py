"""The model of Kafka and Redis that the tests of the protocol share."""

from __future__ import annotations

import pytest

from pipeline.kafka_io.records import Record
from tests.support.commit_model import TOPICS, World


@pytest.fixture
def world() -> World:
    """A partition with 50 frames of the stream `a`."""
    world = World()
    world.broker.frames = [Record(TOPICS.frames, 0, offset, 0, b"a", b"frame") for offset in range(50)]
    return world
