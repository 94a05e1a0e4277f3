"""Topics of one partition as the model broker keeps them: transactions, markers, and what readers may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.kafka_io.records import OutgoingRecord, Record
from tests.support.commit_model import Clock

TRANSACTION_TIMEOUT_S = 30.0


class ClientFencedError(Exception):
    """What a producer is told that is not the newest one of its id."""


class ClientStateError(Exception):
    """What a producer is told whose transaction is over."""


class State(StrEnum):
    """Of a transaction. It is decided from PREPARED on, and seen only once its markers are written."""

    OPEN = "open"
    PREPARED = "prepared"
    DONE = "done"


@dataclass(eq=False)
class Transaction:
    """One transaction of one producer."""

    epoch: int
    began_s: float
    state: State = State.OPEN
    is_committed: bool = False
    topics: list[TopicLog] = field(default_factory=list)


class TopicLog:
    """One partition of a topic.

    Attributes:
        topic: Its name.
        stable: What a `read_committed` reader has seen so far, in order.
    """

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.stable: list[Record] = []
        self._entries: list[tuple[Transaction, Record | None]] = []
        self._first_open: dict[Transaction, int] = {}
        self._num_stable = 0
        self._compacted: set[int] = set()

    @property
    def last_stable_offset(self) -> int:
        """Where the first transaction without a marker begins: readers get no further."""
        return min(self._first_open.values(), default=len(self._entries))

    def append(self, transaction: Transaction, outgoing: OutgoingRecord) -> int:
        """Write one record; returns its offset."""
        offset = len(self._entries)
        if transaction not in self._first_open:
            self._first_open[transaction] = offset
            transaction.topics.append(self)
        record = Record(outgoing.topic, 0, offset, offset, outgoing.key, outgoing.value, outgoing.headers)
        self._entries.append((transaction, record))
        return offset

    def mark(self, transaction: Transaction) -> None:
        """Write a transaction's marker, which takes an offset of its own."""
        self._entries.append((transaction, None))
        del self._first_open[transaction]
        end = self.last_stable_offset
        for writer, record in self._entries[self._num_stable : end]:
            if record is not None and writer.is_committed:
                self.stable.append(record)
        self._num_stable = max(self._num_stable, end)

    def read(self, start: int) -> tuple[Record, ...]:
        """What a new `read_committed` reader finds from `start` on."""
        return tuple(r for r in self.stable if r.offset >= start and r.offset not in self._compacted)

    def compact(self) -> None:
        """Keep the last record of each key, and no tombstones."""
        last = {record.key: record for record in self.stable}
        self._compacted = {r.offset for r in self.stable if last[r.key] is not r or r.value is None}


class Coordinator:
    """The transactions of one transactional id.

    Attributes:
        epoch: Of the newest producer.
        is_slow: Markers are not written at once, though the transaction is decided and its producer told so.

    Args:
        clock: The clock.
    """

    def __init__(self, clock: Clock) -> None:
        self.epoch = 0
        self.is_slow = False
        self._clock = clock
        self._transactions: dict[int, Transaction] = {}

    @property
    def is_settled(self) -> bool:
        """No decided transaction lacks a marker."""
        return not any(t.state is State.PREPARED for t in self._transactions.values())

    def begin_producer(self) -> int:
        """Fence all older producers; returns the new one's epoch once what they left is over."""
        for transaction in list(self._transactions.values()):
            self._decide(transaction, commit=False)
        self.settle()
        self.epoch += 1
        return self.epoch

    def transaction_of(self, epoch: int) -> Transaction:
        """The open transaction of a producer; a new one if it has none."""
        self.refuse_older(epoch)
        self.settle()
        transaction = self._transactions.get(epoch)
        if transaction is None or transaction.state is State.DONE:
            transaction = self._transactions[epoch] = Transaction(epoch, self._clock.now_s)
        return transaction

    def end(self, epoch: int, transaction: Transaction, *, commit: bool) -> None:
        """Commit or abort; raises ClientFencedError, ClientStateError."""
        self.refuse_older(epoch)
        if transaction.state is not State.OPEN:
            raise ClientStateError("the transaction is over")
        self._decide(transaction, commit=commit)
        if not self.is_slow:
            self.settle()

    def refuse_older(self, epoch: int) -> None:
        """Raise ClientFencedError if there is a newer producer."""
        if epoch != self.epoch:
            raise ClientFencedError(f"epoch {epoch} is older than {self.epoch}")

    def settle(self) -> None:
        """Write the markers of what is decided."""
        for transaction in self._transactions.values():
            if transaction.state is State.PREPARED:
                transaction.state = State.DONE
                for log in transaction.topics:
                    log.mark(transaction)

    def expire(self) -> None:
        """Abort what has been open for too long, and fence its producer."""
        before_s = self._clock.now_s - TRANSACTION_TIMEOUT_S
        for transaction in list(self._transactions.values()):
            if transaction.state is State.OPEN and transaction.began_s < before_s:
                self._decide(transaction, commit=False)
                self.settle()
                self.epoch += 1

    def _decide(self, transaction: Transaction, *, commit: bool) -> None:
        if transaction.state is State.OPEN:
            transaction.state, transaction.is_committed = State.PREPARED, commit
