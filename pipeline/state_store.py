"""Snapshots of streams in Redis: immutable blobs under names that contain their owner and their content.

Key: `{namespace}:blob:{partition}:{generation}:{stream-hash}:{content-hash}`; value: see
`redis_io/blob_format.py`. Nothing is ever changed, so a checkpoint record that names a blob can't be betrayed
by an older owner that still writes. Beside the blobs, `…:dataset` holds the id of the data set, by which a
Redis that came back empty is known.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any, TypeVar

from pipeline.commit.blob import BlobRef
from pipeline.config import RedisSettings
from pipeline.errors import BlobLostError, OtherModelError, StateStoreError
from pipeline.messages.health import Dependency
from pipeline.redis_io.blob_format import BlobFormatError, is_made_by, pack, unpack
from pipeline.redis_io.client import REDIS_ERRORS, RedisClient, reason_of
from pipeline.redis_io.replication import Replication
from pipeline.redis_io.watch import RedisWatch

T = TypeVar("T")

_BATCH = 500
"""Keys of one request."""


class StateStore:
    """Writes, reads and deletes state blobs. Thread-safe.

    Every call ends within the deadlines of `RedisClient`; while Redis is known to be down, at once.

    Args:
        settings: Which Redis, and how many replicas must have a blob before it counts as stored.
        namespace: `KafkaSettings.namespace`; begins every key.
        model_hash: Model that makes the states; those of others are refused.

    Raises:
        ConfigError: The URL is wrong.
    """

    def __init__(self, settings: RedisSettings, namespace: str, model_hash: str) -> None:
        self._namespace = namespace
        self._model_hash = model_hash
        self._replication = Replication.of(settings)
        self._client = RedisClient(settings)
        self._watch = RedisWatch(self._client, namespace, self._write_probe)

    def put(self, partition: int, generation: int, stream: str, data: bytes) -> BlobRef:
        """Store a snapshot under a new name; storing the same content again changes nothing.

        Raises:
            StateStoreError: Redis does not answer in time or refuses, or too few replicas have the blob.
        """
        digest = hashlib.sha256(data).hexdigest()
        stream_hash = hashlib.sha256(stream.encode()).hexdigest()[:16]
        key = f"{self._prefix(partition)}{generation}:{stream_hash}:{digest[:16]}"
        value = pack(data, self._model_hash)
        self._call("write", key, lambda: self._write_blob(key, value), writes=True)
        return BlobRef(key, digest, len(data))

    def get(self, ref: BlobRef) -> bytes:
        """Read a snapshot, verified against the reference.

        Raises:
            BlobLostError: It is not there, or not what was stored.
            OtherModelError: Another model made it.
            StateStoreError: Redis does not answer in time or refuses.
        """
        value: bytes | None = self._call("read", ref.key, lambda: self._client.commands().get(ref.key))
        if value is None:
            raise self._lost(ref, "is not there")
        try:
            data, model = unpack(value, sha256=ref.sha256, size_bytes=ref.size_bytes)
        except BlobFormatError as error:
            raise self._lost(ref, str(error)) from error
        if not is_made_by(model, self._model_hash):
            message = f"The state blob {ref.key} was made by model {model}, and this is {self._model_hash}."
            raise OtherModelError(message)
        return data

    def delete(self, refs: Iterable[BlobRef]) -> None:
        """Delete blobs that no checkpoint record names any more; missing ones are fine.

        Raises:
            StateStoreError: Redis does not answer in time or refuses.
        """
        self._unlink([ref.key for ref in refs])

    def sweep(self, partition: int, generation: int, keep: Collection[BlobRef]) -> int:
        """Delete the blobs of a partition that older generations wrote and no checkpoint record names.

        Only the owner of `generation` may do so: the older ones are fenced and can't commit their blobs any
        more.

        Returns:
            How many were deleted.

        Raises:
            StateStoreError: Redis does not answer in time or refuses.
        """
        prefix = self._prefix(partition)
        kept = {ref.key for ref in keep}
        found = self._call("list", prefix, lambda: self._list(prefix))
        garbage = [key for key, owner in found if owner < generation and key not in kept]
        self._unlink(garbage)
        return len(garbage)

    def missing(self, refs: Collection[BlobRef]) -> frozenset[BlobRef]:
        """Those of the blobs that are not there any more; what is inside of the others is not looked at.

        Raises:
            StateStoreError: Redis does not answer in time or refuses.
        """
        missing = []
        for batch in _batches(list(refs)):
            exist = self._call("look for", batch[0].key, partial(self._exist, batch))
            missing += [ref for ref, exists in zip(batch, exist, strict=True) if not exists]
        return frozenset(missing)

    def data_set(self) -> str:
        """Id of the data set that was seen last, at most a few seconds ago; "" before the first look."""
        return self._watch.data_set

    def require_up(self) -> None:
        """Raise StateStoreError if Redis is known not to answer."""
        if not self._watch.answers:
            raise self._down()

    def dependency(self) -> Dependency:
        """What there is to tell in a status."""
        return self._watch.dependency()

    def close(self) -> None:
        """Close the connections."""
        self._watch.close()
        self._client.close()

    def _write_blob(self, key: str, value: bytes) -> None:
        pipeline = self._client.commands().pipeline(transaction=False)
        pipeline.get(self._watch.data_set_key)
        pipeline.set(key, value, nx=True)
        data_set, is_new = pipeline.execute()
        self._watch.saw(data_set and data_set.decode())
        commands = self._client.commands()
        if not is_new and commands.get(key) != value:
            # The name says what the content is: this one was damaged.
            commands.set(key, value)
        self._replication.wait(self._client, key, len(value))

    def _write_probe(self, key: str) -> None:
        self._client.commands().set(key, b"x")
        self._replication.wait(self._client, key, 1)

    def _exist(self, refs: list[BlobRef]) -> list[bool]:
        pipeline = self._client.commands().pipeline(transaction=False)
        for ref in refs:
            pipeline.exists(ref.key)
        return [bool(found) for found in pipeline.execute()]

    def _list(self, prefix: str) -> list[tuple[str, int]]:
        """Keys of blobs and the generations that wrote them."""
        keys = self._client.scan(prefix)
        owners = [key.removeprefix(prefix).partition(":")[0] for key in keys]
        return [(key, int(owner)) for key, owner in zip(keys, owners, strict=True) if owner.isdecimal()]

    def _unlink(self, keys: list[str]) -> None:
        for batch in _batches(keys):
            self._call("delete", batch[0], partial(self._delete_keys, batch))

    def _delete_keys(self, keys: list[str]) -> None:
        self._client.commands().unlink(*keys)

    def _prefix(self, partition: int) -> str:
        return f"{self._namespace}:blob:{partition}:"

    def _call(self, what: str, key: str, call: Callable[[], Any], *, writes: bool = False) -> Any:
        if not (self._watch.is_up if writes else self._watch.answers):
            raise self._down()
        try:
            return call()
        except REDIS_ERRORS as error:
            self._watch.failed(error)
            raise self._failed(what, key, reason_of(error)) from error

    def _down(self) -> StateStoreError:
        return StateStoreError(
            f"Redis at {self._client.where} is down: {self._watch.dependency().reason}.",
            action="Check that Redis runs and has memory left: flownar doctor",
        )

    def _failed(self, what: str, key: str, reason: str) -> StateStoreError:
        return StateStoreError(
            f"Redis at {self._client.where}: can't {what} {key}: {reason}.",
            action="Check that Redis runs and has memory left: flownar doctor",
        )

    def _lost(self, ref: BlobRef, what: str) -> BlobLostError:
        return BlobLostError(
            f"Redis at {self._client.where}: the state blob {ref.key} {what}.",
            action="Redis must not evict (noeviction) and must persist (appendonly yes, appendfsync always).",
        )


def _batches(items: list[T]) -> Iterable[list[T]]:
    return (items[i : i + _BATCH] for i in range(0, len(items), _BATCH))
