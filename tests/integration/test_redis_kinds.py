"""State blobs in Redis as it is run in earnest: replicas, Sentinels, a cluster; and when it fails."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.config import RedisSettings
from pipeline.errors import BlobLostError, StateStoreError
from pipeline.redis_io.client import RedisClient
from pipeline.redis_io.policy import read_policy
from pipeline.state_store import StateStore
from pipeline.status.redis_view import read_redis_view
from tests.support.redis_servers import RedisServer, Servers, wait_for

DATA = b"snapshot" * 100
NAMESPACE = "flownar.live"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with Servers(tmp_path) as servers:
        yield servers


@pytest.fixture
def open_store() -> Iterator[Callable[[RedisSettings], StateStore]]:
    stores: list[StateStore] = []

    def make(settings: RedisSettings) -> StateStore:
        stores.append(StateStore(settings, NAMESPACE, "model"))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


Opener = Callable[[RedisSettings], StateStore]


def works(store: StateStore) -> None:
    """Everything that a store does."""
    refs = [store.put(p, generation, "a", DATA) for p in (0, 1) for generation in (1, 2)]
    assert [store.get(ref) for ref in refs] == [DATA] * 4
    assert store.sweep(0, 2, []) == 1
    assert store.missing(refs) == {refs[0]}
    store.delete(refs)
    with pytest.raises(BlobLostError):
        store.get(refs[1])
    wait_for(store.data_set)


def put_or_none(store: StateStore, data: bytes = DATA) -> object:
    try:
        return store.put(0, 1, "a", data)
    except StateStoreError:
        return None


def test_the_master_behind_a_sentinel_is_found_again_after_a_failover(
    servers: Servers, open_store: Opener
) -> None:
    master = servers.server("--requirepass", "pw", "--masterauth", "pw")
    replica = servers.server("--requirepass", "pw", "--masterauth", "pw")
    replica.client("pw").replicaof("127.0.0.1", str(master.port))
    wait_for(lambda: replica.client("pw").info("replication")["master_link_status"] == "up")
    sentinel = servers.sentinel(master, "sentinel auth-pass main pw", "requirepass s")
    url = f"redis+sentinel://127.0.0.1:1,127.0.0.1:{sentinel.port}/main/0"
    settings = RedisSettings(url=url, password="pw", sentinel_password="s", num_replicas=1, timeout_s=2.0)
    store = open_store(settings)
    works(store)
    ref = store.put(0, 1, "a", DATA)
    data_set = store.data_set()
    wait_for(lambda: sentinel.client("s").execute_command("SENTINEL", "REPLICAS", "main"))
    master.stop()
    wait_for(lambda: replica.client("pw").info("replication")["role"] == "master", 20.0)
    # It answers reads, and takes no blob that only one server would have.
    wait_for(lambda: read_or_none(store, ref) == DATA)
    assert put_or_none(store, b"other") is None
    assert store.data_set() == data_set
    assert read_redis_view(settings).keys >= 2


def read_or_none(store: StateStore, ref: object) -> bytes | None:
    try:
        return store.get(ref)  # type: ignore[arg-type]
    except StateStoreError:
        return None


def test_a_cluster_is_used_by_one_of_its_nodes(servers: Servers, open_store: Opener) -> None:
    node = servers.cluster()
    settings = RedisSettings(url=f"redis+cluster://127.0.0.1:1,127.0.0.1:{node.port}", timeout_s=2.0)
    works(open_store(settings))
    client = RedisClient(settings)
    assert read_policy(client) == {
        "appendonly": "no",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
    }
    client.close()
    assert read_redis_view(settings).version.startswith("7.")


def test_a_cluster_that_is_away_is_found_again(servers: Servers, open_store: Opener) -> None:
    node = servers.cluster()
    store = open_store(RedisSettings(url=f"redis+cluster://127.0.0.1:{node.port}", timeout_s=1.0))
    assert put_or_none(store)
    node.stop()
    assert put_or_none(store) is None
    node.start()
    wait_for(lambda: put_or_none(store))


def test_a_blob_counts_as_stored_when_the_replicas_have_it(servers: Servers, open_store: Opener) -> None:
    master = servers.server()
    replica = servers.replica(master)
    store = open_store(RedisSettings(url=master.url, num_replicas=1, timeout_s=2.0))
    ref = store.put(0, 1, "a", DATA)
    assert replica.client().exists(ref.key)
    replica.stop()
    with pytest.raises(StateStoreError, match="0 of 1 replicas"):
        store.put(0, 1, "a", b"other")
    assert store.get(ref) == DATA
    assert store.dependency().state == "down"
    assert "replicas" in store.dependency().reason
    replica.start()
    # The very content that was written and not replicated counts only now.
    wait_for(lambda: put_or_none(store, b"other"))
    assert len(replica.client().keys(f"{NAMESPACE}:blob:*")) == 2
    wait_for(lambda: store.dependency().state == "up")


def test_a_replica_that_does_not_keep_up_is_not_waited_for_longer_than_the_deadline(
    servers: Servers, open_store: Opener
) -> None:
    master = servers.server()
    replica = servers.replica(master)
    store = open_store(RedisSettings(url=master.url, num_replicas=1, timeout_s=1.0))
    os.kill(replica.pid, signal.SIGSTOP)
    try:
        started_s = time.monotonic()
        with pytest.raises(StateStoreError, match="0 of 1 replicas"):
            store.put(0, 1, "a", DATA)
        assert time.monotonic() - started_s < 3
        # A second try must not count a write of another connection as replicated.
        assert put_or_none(store) is None
    finally:
        os.kill(replica.pid, signal.SIGCONT)
    wait_for(lambda: put_or_none(store))


def test_while_redis_is_down_nobody_waits_for_it_and_its_return_is_noticed(
    servers: Servers, open_store: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    server = servers.server("--appendonly", "yes")
    store = open_store(RedisSettings(url=server.url, timeout_s=1.0))
    ref = store.put(0, 1, "a", DATA)
    os.kill(server.pid, signal.SIGSTOP)
    assert put_or_none(store, b"x") is None
    for _ in range(50):
        started_s = time.monotonic()
        assert put_or_none(store, b"x") is None
        assert time.monotonic() - started_s < 0.2
    with pytest.raises(StateStoreError, match="is down"):
        store.require_up()
    os.kill(server.pid, signal.SIGCONT)
    wait_for(lambda: store.dependency().state == "up")
    store.require_up()
    assert store.get(ref) == DATA
    told = [record.message for record in caplog.records if "Redis" in record.message]
    assert len(told) == 2
    assert "is down" in told[0]
    assert "works again" in told[1]


def fill(server: RedisServer) -> None:
    """Let Redis be full: its data needs more than it may have."""
    server.client().config_set("maxmemory", "1mb")


def test_a_full_redis_refuses_writes_and_gives_what_it_has(servers: Servers, open_store: Opener) -> None:
    server = servers.server()
    store = open_store(RedisSettings(url=server.url))
    ref = store.put(0, 1, "a", DATA)
    fill(server)
    with pytest.raises(StateStoreError, match="maxmemory"):
        store.put(0, 1, "a", b"other")
    assert store.get(ref) == DATA
    assert store.missing([ref]) == frozenset()
    store.require_up()
    assert store.dependency().state == "down"
    server.client().config_set("maxmemory", "0")
    wait_for(lambda: put_or_none(store, b"other"))
