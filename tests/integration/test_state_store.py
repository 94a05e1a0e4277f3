"""State blobs in a real Redis."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from pipeline.commit.blob import BlobRef
from pipeline.config import RedisSettings, Settings
from pipeline.errors import BlobLostError, OtherModelError, StateStoreError
from pipeline.state_store import StateStore
from tests.support.redis_servers import wait_for

DATA = b"snapshot" * 1000
MODEL = "0123456789abcdef"


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    return new_settings(topics=False)


@pytest.fixture
def store(settings: Settings) -> Iterator[StateStore]:
    store = StateStore(settings.redis, "flownar.live", MODEL)
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


def test_a_blob_that_is_there_stays_and_a_damaged_one_is_mended(
    store: StateStore, client: redis.Redis
) -> None:
    ref = store.put(0, 1, "a", DATA)
    client.set(ref.key, b"something else")
    assert store.put(0, 1, "a", DATA) == ref
    assert store.get(ref) == DATA


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


def test_a_blob_of_another_model_is_refused(settings: Settings, store: StateStore) -> None:
    ref = store.put(0, 1, "a", DATA)
    other = StateStore(settings.redis, "flownar.live", "another")
    with pytest.raises(OtherModelError) as caught:
        other.get(ref)
    other.close()
    assert MODEL in caught.value.message
    assert "another" in caught.value.message


def test_missing_blobs_are_told(store: StateStore) -> None:
    refs = [store.put(0, 1, "a", b"%d" % i) for i in range(1200)]
    store.delete(refs[:700])
    assert store.missing(refs) == set(refs[:700])
    assert store.missing([]) == frozenset()


def test_a_data_set_that_was_emptied_is_another_one(store: StateStore, client: redis.Redis) -> None:
    wait_for(store.data_set)
    first = store.data_set()
    ref = store.put(0, 1, "a", DATA)
    assert store.data_set() == first
    client.flushdb()
    store.put(0, 1, "b", DATA)
    wait_for(lambda: store.data_set() != first)
    assert store.data_set()
    assert store.missing([ref]) == {ref}


def test_two_stores_see_the_same_data_set(settings: Settings, store: StateStore) -> None:
    other = StateStore(settings.redis, "flownar.live", MODEL)
    wait_for(lambda: other.data_set() and other.data_set() == store.data_set())
    other.close()


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


def test_a_redis_that_is_not_there_is_an_error_that_says_what_to_do() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        store = StateStore(RedisSettings(url=f"redis://127.0.0.1:{port}/0"), "flownar.live", MODEL)
        for call in (
            lambda: store.put(0, 1, "a", b"x"),
            lambda: store.get(BlobRef("k", "", 0)),
            lambda: store.delete([BlobRef("k", "", 0)]),
            lambda: store.sweep(0, 1, []),
            lambda: store.missing([BlobRef("k", "", 0)]),
        ):
            with pytest.raises(StateStoreError) as caught:
                call()
            assert not isinstance(caught.value, BlobLostError)
            assert "doctor" in caught.value.action
        store.close()


def test_a_redis_that_does_not_answer_ends_at_the_deadline() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        store = StateStore(RedisSettings(url=url, timeout_s=0.3), "flownar.live", MODEL)
        started_s = time.monotonic()
        with pytest.raises(StateStoreError):
            store.get(BlobRef("k", "", 0))
        assert time.monotonic() - started_s < 3
        store.close()
