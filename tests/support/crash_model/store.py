"""The model blob store: it loses, damages and delays, goes away, and comes back empty."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import partial

from pipeline.commit.blob import BlobRef
from pipeline.errors import BlobLostError, StateStoreError
from tests.support.crash_model.network import Network
from tests.support.crash_model.steps import Steps


class ModelStore:
    """BlobStore.

    Attributes:
        is_down: Nobody answers.
        blobs: What can be read, by key.
        lost: Keys that the store itself lost or damaged: no fault of the protocol.
        archive: All contents that were ever to be stored, by their SHA-256.
        writers: Processes that stored a content, by its SHA-256.
    """

    def __init__(self, steps: Steps, network: Network) -> None:
        self.is_down = False
        self.blobs: dict[str, bytes] = {}
        self.lost: set[str] = set()
        self.archive: dict[str, bytes] = {}
        self.writers: defaultdict[str, list[int]] = defaultdict(list)
        self._damaged: set[str] = set()
        self._num_data_sets = 1
        self._steps = steps
        self._network = network

    def put(self, partition: int, generation: int, stream: str, data: bytes) -> BlobRef:
        """See BlobStore."""
        digest = hashlib.sha256(data).hexdigest()
        ref = BlobRef(f"{partition}:{generation}:{stream}:{digest[:16]}", digest, len(data))
        self.archive[digest] = data
        if self._steps.current is not None:
            self.writers[digest].append(self._steps.current.process)
        self._request("put", partial(self._put, ref.key, data))
        return ref

    def get(self, ref: BlobRef) -> bytes:
        """See BlobStore."""
        if self._steps.at("before get", "lost") or self.is_down:
            raise StateStoreError("no answer to get")
        if ref.key not in self.blobs or ref.key in self._damaged:
            raise BlobLostError(f"The blob {ref.key} is not there or damaged.")
        return self.blobs[ref.key]

    def delete(self, refs: Iterable[BlobRef]) -> None:
        """See BlobStore."""
        keys = [ref.key for ref in refs]
        if keys:
            self._request("delete", partial(self._delete, keys))

    def sweep(self, partition: int, generation: int, keep: Collection[BlobRef]) -> int:
        """See BlobStore."""
        if self._steps.at("before sweep", "lost") or self.is_down:
            raise StateStoreError("no answer to sweep")
        kept = {ref.key for ref in keep}
        keys = [key for key in self.blobs if int(key.split(":")[1]) < generation and key not in kept]
        self._request("sweep", partial(self._delete, keys))
        return len(keys)

    def missing(self, refs: Collection[BlobRef]) -> frozenset[BlobRef]:
        """See BlobStore."""
        if self._steps.at("before missing", "lost") or self.is_down:
            raise StateStoreError("no answer to missing")
        return frozenset(ref for ref in refs if ref.key not in self.blobs)

    def data_set(self) -> str:
        """See BlobStore."""
        return str(self._num_data_sets)

    def lose(self, key: str, *, damage: bool) -> None:
        """A blob vanishes, or is not any more what was stored."""
        self.lost.add(key)
        if damage:
            self._damaged.add(key)
        else:
            self._delete([key])

    def come_back_empty(self) -> None:
        """All blobs are gone."""
        self.lost |= set(self.blobs)
        self._delete(list(self.blobs))
        self._num_data_sets += 1

    def _request(self, what: str, request: partial[None]) -> None:
        fault = self._steps.at(f"before {what}", "lost", "late", "unanswered")
        if self.is_down or fault == "lost":
            raise StateStoreError(f"no answer to {what}")
        if fault == "late":
            self._network.delay(request)
            raise StateStoreError(f"no answer to {what}")
        request()
        self._steps.at(f"after {what}")
        if fault == "unanswered":
            raise StateStoreError(f"no answer to {what}")

    def _put(self, key: str, data: bytes) -> None:
        self.blobs[key] = data
        self.lost.discard(key)
        self._damaged.discard(key)

    def _delete(self, keys: list[str]) -> None:
        for key in keys:
            self.blobs.pop(key, None)
            self._damaged.discard(key)
