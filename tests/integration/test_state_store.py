"""State blobs in a real Redis."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from pipeline.commit.blob import BlobRef
from pipeline.config import RedisSettings, Settings
from pipeline.errors import BlobLostError, StateStoreError
from pipeline.state_store import StateStore

DATA = b"snapshot" * 1000


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    return new_settings(topics=False)


@pytest.fixture
def store(settings: Settings) -> Iterator[StateStore]:
    store = StateStore(settings.redis, "flownar.live")
    yield store
    store.close()


@pytest.fixture
def client(settings: Settings) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(settings.redis.url)
    yield client
    client.flushdb()
    client.close()


def test_a_blob_is_read_back_and_is_compressed(store: StateStore, client: redis.Redis) -> None:
    ref = store.put(3, 7, "cam/1", DATA)
    assert store.get(ref) == DATA
    assert ref.size_bytes == len(DATA)
    assert ref.key.startswith("flownar.live:blob:3:7:")
    assert client.strlen(ref.key) < 1000


def test_the_name_tells_owner_and_content(store: StateStore) -> None:
    names = {
        store.put(partition, generation, stream, data).key
        for partition in (0, 1)
        for generation in (1, 2)
        for stream in ("a", "b")
        for data in (b"", b"x")
    }
    assert len(names) == 16
    assert store.put(0, 1, "a", b"x").key in names


def test_a_blob_is_never_overwritten(store: StateStore, client: redis.Redis) -> None:
    ref = store.put(0, 1, "a", DATA)
    client.set(ref.key, b"something else")
    store.put(0, 1, "a", DATA)
    assert client.get(ref.key) == b"something else"


def test_a_missing_blob_is_lost(store: StateStore) -> None:
    ref = store.put(0, 1, "a", DATA)
    store.delete([ref])
    store.delete([ref])
    with pytest.raises(BlobLostError) as caught:
        store.get(ref)
    assert ref.key in caught.value.message
    assert "noeviction" in caught.value.action


@pytest.mark.parametrize(
    "damage",
    [
        lambda value: b"",
        lambda value: value[:20],
        lambda value: value[:-1],
        lambda value: b"XXXX" + value[4:],
        lambda value: value[:4] + b"\x09" + value[5:],
        lambda value: value[:60] + bytes([value[60] ^ 1]) + value[61:],
    ],
    ids=["empty", "cut header", "cut", "magic", "version", "bit"],
)
def test_a_damaged_blob_is_lost(
    store: StateStore, client: redis.Redis, damage: Callable[[bytes], bytes]
) -> None:
    ref = store.put(0, 1, "a", DATA)
    value = client.get(ref.key)
    assert isinstance(value, bytes)
    client.set(ref.key, damage(value))
    with pytest.raises(BlobLostError):
        store.get(ref)


def test_a_blob_with_other_content_is_lost(store: StateStore, client: redis.Redis) -> None:
    ref, other = store.put(0, 1, "a", DATA), store.put(0, 1, "a", b"other")
    value = client.get(other.key)
    assert isinstance(value, bytes)
    client.set(ref.key, value)
    with pytest.raises(BlobLostError):
        store.get(ref)


def test_the_sweep_deletes_only_unnamed_blobs_of_older_owners(store: StateStore) -> None:
    kept = store.put(0, 1, "a", b"named")
    old = [store.put(0, 1, "a", b"old"), store.put(0, 2, "b", b"old")]
    own = store.put(0, 3, "a", b"own")
    newer = store.put(0, 4, "a", b"newer")
    other_partition = store.put(10, 1, "a", b"x")
    assert store.sweep(0, 3, {kept}) == 2
    for ref in (kept, own, newer, other_partition):
        store.get(ref)
    for ref in old:
        with pytest.raises(BlobLostError):
            store.get(ref)


def test_a_policy_that_evicts_is_warned_of_once(
    store: StateStore, client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with caplog.at_level(logging.WARNING):
            store.put(0, 1, "a", b"1")
            store.put(0, 1, "a", b"2")
    finally:
        client.config_set("maxmemory-policy", "noeviction")
    assert [record.message for record in caplog.records if "noeviction" in record.message] == [
        record.message for record in caplog.records
    ]
    assert len(caplog.records) == 1


def test_a_redis_that_is_not_there_is_an_error_that_says_what_to_do() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        store = StateStore(RedisSettings(url=f"redis://127.0.0.1:{port}/0"), "flownar.live")
        for call in (
            lambda: store.put(0, 1, "a", b"x"),
            lambda: store.get(BlobRef("k", "", 0)),
            lambda: store.delete([BlobRef("k", "", 0)]),
            lambda: store.sweep(0, 1, []),
        ):
            with pytest.raises(StateStoreError) as caught:
                call()
            assert not isinstance(caught.value, BlobLostError)
            assert "doctor" in caught.value.action


def test_a_redis_that_does_not_answer_ends_at_the_deadline() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        store = StateStore(RedisSettings(url=url, timeout_s=0.3), "flownar.live")
        started_s = time.monotonic()
        with pytest.raises(StateStoreError):
            store.get(BlobRef("k", "", 0))
        assert time.monotonic() - started_s < 3
