"""What is found out before a topology starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from operators.narrator.types import FramePosition
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_json import encode
from pipeline.commit.checkpoint_record import BaseState, StreamCheckpoint
from pipeline.config import CommitSettings, ModelSettings, RedisSettings, Settings
from pipeline.errors import OtherModelError, StateStoreError, TopicError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.wire.topics import TopicNames
from tests.support.redis_servers import Servers
from topologies.preflight import check_services


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tiny_model: Path) -> Settings:
    return new_settings(partitions=3).model_copy(update={"model": ModelSettings(path=tiny_model)})


def checkpoint(settings: Settings, partition: int, stream: str, model: str) -> None:
    base = BaseState(FramePosition(3), True, None, BlobRef("k", "", 1))
    value = encode(StreamCheckpoint(model, base, base.position))
    topic = TopicNames.of(settings.kafka.prefix).checkpoints
    sender = IdempotentProducer(connection_kwargs(settings.kafka), client_id="test", max_record_bytes=2**20)
    sender.send(OutgoingRecord(topic, partition, stream.encode(), value))
    sender.flush(10)
    sender.close()


def test_nothing_is_said_where_all_is_well(settings: Settings) -> None:
    assert check_services(settings) == ()


def test_states_of_another_model_are_counted_over_all_partitions(settings: Settings) -> None:
    checkpoint(settings, 0, "a", "old")
    checkpoint(settings, 2, "b", "old")
    with pytest.raises(OtherModelError, match=r"2 streams .* 2 by model old"):
        check_services(settings)
    accepting = settings.model_copy(update={"commit": CommitSettings(accept_state_loss=True)})
    assert check_services(accepting) == ()


def test_missing_topics_are_told(settings: Settings) -> None:
    kafka = settings.kafka.model_copy(update={"prefix": "nowhere."})
    with pytest.raises(TopicError, match=r"nowhere\.frames does not exist"):
        check_services(settings.model_copy(update={"kafka": kafka}))


def test_a_redis_that_is_not_there_is_told(settings: Settings) -> None:
    redis = RedisSettings(url="redis+sentinel://127.0.0.1:1/main/0")
    with pytest.raises(StateStoreError, match="No master found") as caught:
        check_services(settings.model_copy(update={"redis": redis}))
    assert "flownar up" in caught.value.action


def test_a_redis_that_drops_blobs_is_refused(settings: Settings, tmp_path: Path) -> None:
    with Servers(tmp_path) as servers:
        server = servers.server("--maxmemory-policy", "allkeys-lru")
        redis = RedisSettings(url=server.url)
        with pytest.raises(StateStoreError, match="maxmemory-policy is allkeys-lru") as caught:
            check_services(settings.model_copy(update={"redis": redis}))
    assert "CONFIG SET maxmemory-policy noeviction" in caught.value.action


def test_a_redis_that_may_lose_writes_is_warned_of(settings: Settings, tmp_path: Path) -> None:
    with Servers(tmp_path) as servers:
        redis = RedisSettings(url=servers.server().url)
        warnings = check_services(settings.model_copy(update={"redis": redis}))
    assert [warning.split(": ")[1] for warning in warnings] == [
        "appendonly is no",
        "appendfsync is everysec",
    ]


def test_a_redis_that_does_not_tell_is_accepted(settings: Settings, tmp_path: Path) -> None:
    with Servers(tmp_path) as servers:
        server = servers.server("--rename-command", "CONFIG", "")
        redis = RedisSettings(url=server.url)
        assert check_services(settings.model_copy(update={"redis": redis})) == ()
