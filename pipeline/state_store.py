"""Snapshots of streams in Redis: immutable blobs under names that contain their owner and their content.

Key: `{prefix}{application}:blob:{partition}:{generation}:{stream-hash}:{content-hash}`. Value: a header of 45
bytes (magic, version, size and SHA-256 of the content), then the content compressed by zstd. Nothing is ever
overwritten, so a checkpoint record that names a blob can't be betrayed by an older owner that still writes.
"""

import hashlib
import logging
import struct
from collections.abc import Collection, Iterable
from typing import cast

import redis
import zstandard
from redis.backoff import NoBackoff
from redis.retry import Retry

from pipeline.commit.blob import BlobRef
from pipeline.config import RedisSettings
from pipeline.errors import BlobLostError, StateStoreError

_log = logging.getLogger(__name__)

_HEADER = struct.Struct(">4sBQ32s")
_MAGIC = b"FNSB"
_VERSION = 1
_SCAN_COUNT = 1000


class StateStore:
    """Writes, reads and deletes state blobs. Thread-safe. Every call ends within twice `redis.timeout_s`.

    Args:
        settings: Which Redis.
        namespace: `{prefix}{application}`; begins every key.
    """

    def __init__(self, settings: RedisSettings, namespace: str) -> None:
        self._where = settings.url.rpartition("@")[2]
        self._namespace = namespace
        self._redis = redis.Redis.from_url(
            settings.url,
            password=settings.password and settings.password.get_secret_value(),
            socket_timeout=settings.timeout_s,
            socket_connect_timeout=settings.timeout_s,
            # Once more, because a kept connection may have been cut since it was last used.
            retry=Retry(NoBackoff(), 1),
        )
        self._policy_checked = False

    def put(self, partition: int, generation: int, stream: str, data: bytes) -> BlobRef:
        """Store a snapshot under a new name; storing the same content again changes nothing.

        Raises:
            StateStoreError: Redis does not answer in time or refuses.
        """
        self._check_policy()
        digest = hashlib.sha256(data)
        stream_hash = hashlib.sha256(stream.encode()).hexdigest()[:16]
        key = f"{self._prefix(partition)}{generation}:{stream_hash}:{digest.hexdigest()[:16]}"
        value = _HEADER.pack(_MAGIC, _VERSION, len(data), digest.digest())
        value += zstandard.compress(data, level=1)
        try:
            self._redis.set(key, value, nx=True)
        except redis.RedisError as error:
            raise self._failed("write", key, error) from error
        return BlobRef(key, digest.hexdigest(), len(data))

    def get(self, ref: BlobRef) -> bytes:
        """Read a snapshot, verified against the reference.

        Raises:
            BlobLostError: It is not there, or not what was stored.
            StateStoreError: Redis does not answer in time or refuses.
        """
        try:
            value = cast(bytes | None, self._redis.get(ref.key))
        except redis.RedisError as error:
            raise self._failed("read", ref.key, error) from error
        if value is None:
            raise self._lost(ref, "is not there")
        try:
            magic, version, size_bytes, digest = _HEADER.unpack_from(value)
            if (magic, version) != (_MAGIC, _VERSION):
                raise self._lost(ref, f"is no state blob of version {_VERSION}")
            data = zstandard.decompress(value[_HEADER.size :], max_output_size=size_bytes)
        except (struct.error, zstandard.ZstdError) as error:
            raise self._lost(ref, f"is damaged ({error})") from error
        if hashlib.sha256(data).digest() != digest or digest.hex() != ref.sha256:
            raise self._lost(ref, "has other content than was stored")
        return data

    def delete(self, refs: Iterable[BlobRef]) -> None:
        """Delete blobs that no checkpoint record names any more; missing ones are fine.

        Raises:
            StateStoreError: Redis does not answer in time or refuses.
        """
        keys = [ref.key for ref in refs]
        if keys:
            self._unlink(keys)

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
        garbage = []
        try:
            for raw in self._redis.scan_iter(match=f"{_escape(prefix)}*", count=_SCAN_COUNT):
                key = raw.decode()
                if int(key.removeprefix(prefix).partition(":")[0]) < generation and key not in kept:
                    garbage.append(key)
        except redis.RedisError as error:
            raise self._failed("list", prefix, error) from error
        if garbage:
            self._unlink(garbage)
        return len(garbage)

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _prefix(self, partition: int) -> str:
        return f"{self._namespace}:blob:{partition}:"

    def _unlink(self, keys: list[str]) -> None:
        try:
            self._redis.unlink(*keys)
        except redis.RedisError as error:
            raise self._failed("delete", keys[0], error) from error

    def _check_policy(self) -> None:
        if self._policy_checked:
            return
        try:
            policy = self._redis.config_get("maxmemory-policy").get("maxmemory-policy")
        except redis.RedisError as error:
            # Managed services forbid CONFIG; a connection that fails otherwise fails at the next call too.
            _log.info("Redis at %s does not tell its maxmemory-policy: %s", self._where, error)
        else:
            if policy != "noeviction":
                _log.warning(
                    "Redis at %s has maxmemory-policy %s and may drop state blobs: set it to noeviction",
                    self._where,
                    policy,
                )
        self._policy_checked = True

    def _failed(self, what: str, key: str, error: Exception) -> StateStoreError:
        return StateStoreError(
            f"Redis at {self._where}: can't {what} {key}: {error}.",
            action="Check that Redis runs and has memory left: flownar doctor",
        )

    def _lost(self, ref: BlobRef, what: str) -> BlobLostError:
        return BlobLostError(
            f"Redis at {self._where}: the state blob {ref.key} {what}.",
            action="Redis must not evict (noeviction) and must persist (appendonly yes, appendfsync always).",
        )


def _escape(text: str) -> str:
    return "".join(f"\\{c}" if c in "*?[]\\^" else c for c in text)
