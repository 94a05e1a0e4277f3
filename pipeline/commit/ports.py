"""What the protocol needs of the world: a broker, a blob store, a clock."""

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.commit.blob import BlobRef
from pipeline.kafka_io.records import OffsetBounds, OutgoingRecord, Record


class TransactionWriter(Protocol):
    """The one producer that may write a partition's outputs."""

    def transact(self, records: Sequence[OutgoingRecord], timeout_s: float) -> tuple[int, ...]:
        """Write all records or none; return their offsets.

        Raises:
            NotCommittedError, FencedError: Surely nothing was and nothing will be committed.
            OutcomeUnknownError: The next owner will find out.
        """

    def close(self) -> None:
        """Stop for good, at once; an open transaction is left to the next owner."""


@dataclass(frozen=True, slots=True)
class CheckpointPage:
    """Committed records of a partition of checkpoints, in order, and the offset to go on from."""

    records: tuple[Record, ...]
    next_offset: int


class PartitionBroker(Protocol):
    """What a takeover of one partition needs of Kafka."""

    def read_checkpoints(self, start: int | None, timeout_s: float) -> CheckpointPage:
        """All committed records from `start` (None: the beginning) to the end; raises BrokerError."""

    def become_writer(self) -> TransactionWriter:
        """Fence all older writers, abort what they left open, and wait until that is written.

        Raises:
            BrokerError, FencedError: It did not work; no writer was made.
        """

    def frames_topic_id(self) -> str:
        """Kafka's id of the topic of frames; raises BrokerError."""

    def frame_bounds(self) -> OffsetBounds:
        """Bounds of the partition of frames; raises BrokerError."""


class BlobStore(Protocol):
    """Immutable snapshots. `StateStore` is the real one, and its docstrings tell the contract."""

    def put(self, partition: int, generation: int, stream: str, data: bytes) -> BlobRef:
        """Store; raises StateStoreError."""

    def get(self, ref: BlobRef) -> bytes:
        """Read, verified; raises BlobLostError if it is gone, StateStoreError if nobody answers."""

    def delete(self, refs: Iterable[BlobRef]) -> None:
        """Delete; raises StateStoreError."""

    def sweep(self, partition: int, generation: int, keep: Collection[BlobRef]) -> int:
        """Delete what older generations left behind; raises StateStoreError."""

    def missing(self, refs: Collection[BlobRef]) -> frozenset[BlobRef]:
        """Those of the blobs that are not there any more; raises StateStoreError."""

    def data_set(self) -> str:
        """Id of the data set that the store last saw; another one if the store came back empty. At once."""


class Clock(Protocol):
    """Both kinds of time."""

    def monotonic_s(self) -> float:
        """Seconds that never jump."""

    def time_ns(self) -> int:
        """Unix nanoseconds."""


class SystemClock:
    """The computer's clock."""

    def monotonic_s(self) -> float:
        """See Clock."""
        return time.monotonic()

    def time_ns(self) -> int:
        """See Clock."""
        return time.time_ns()
