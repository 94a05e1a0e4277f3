"""The toy narrator's reader: records in the order of the log, each decided on once, in batches."""

from __future__ import annotations

from dataclasses import replace

from operators.narrator.types import FramePosition
from pipeline.commit.recovered import RecoveredPartition
from pipeline.errors import OffsetOutOfRangeError
from pipeline.kafka_io.records import Record
from pipeline.messages.records import ChainLink
from tests.support.commit_narrator import digest
from tests.support.crash_model.broker import ModelBroker
from tests.support.crash_model.cameras import Sent, gaps_between, take_in
from tests.support.crash_model.toy_stream import Delivery


class ToyReader:
    """Mutable.

    Attributes:
        next_offset: First offset that was not read.

    Args:
        process: Number of the process: what is left out differs between processes.
        recovery: Where to begin.
        broker: Where to read.
    """

    def __init__(self, process: int, recovery: RecoveredPartition, broker: ModelBroker) -> None:
        self.next_offset = recovery.position
        self._process = process
        self._recovery = recovery
        self._broker = broker
        self._last_read = recovery.position - 1
        self._last_of_stream: dict[str, int] = {}
        self._admissions = {name: stream.admission for name, stream in recovery.streams.items()}

    @property
    def has_more(self) -> bool:
        """There are records that were not read."""
        return self.next_offset < self._broker.end

    def read(self, num_records: int) -> list[Delivery]:
        """The next batch.

        Raises:
            OffsetOutOfRangeError: Retention was faster.
        """
        beginning, end = self._broker.beginning, self._broker.end
        if self.next_offset < beginning:
            raise OffsetOutOfRangeError("gone", offset=self.next_offset, beginning=beginning, end=end)
        records = [r for r in self._broker.frames if r.offset >= self.next_offset][:num_records]
        if records:
            self.next_offset = records[-1].offset + 1
        deliveries = [self._decide(record) for record in records]
        return [delivery for delivery in deliveries if delivery is not None] + self._passed(records)

    def _passed(self, records: list[Record]) -> list[Delivery]:
        """Takes the position past the last records, if those were dealt with before."""
        if not records or records[-1].offset == self._last_read:
            return []
        last = records[-1]
        link = ChainLink(self._recovery.generation, last.offset, None, self._last_read)
        self._last_read = last.offset
        return [Delivery(last, Sent.read(last), link, None, None, is_passed=True)]

    def _decide(self, record: Record) -> Delivery | None:
        sent, offset = Sent.read(record), record.offset
        if not sent.stream:
            return Delivery(record, sent, self._link(sent.stream, offset), None, "stray")
        recovered = self._recovery.streams.get(sent.stream)
        if offset < self._recovery.needed_from(sent.stream):
            return None
        before = self._admissions.get(sent.stream)
        if before is None or recovered is None or offset > recovered.covered.offset:
            after, code = take_in(before, sent, offset)
            if code is not None:
                return Delivery(record, sent, self._link(sent.stream, offset), before, code)
            assert after is not None
            gaps = gaps_between(before, after, offset)
        elif sent.num_frames - 1 <= recovered.covered.index and not sent.ends:
            return None
        else:
            after, gaps = before, ()
        self._admissions[sent.stream] = after
        delivery = Delivery(record, sent, self._link(sent.stream, offset), after, None, gaps)
        return replace(delivery, left_out=self._left_out(delivery))

    def _left_out(self, delivery: Delivery) -> frozenset[int]:
        recovered = self._recovery.streams.get(delivery.sent.stream)
        positions = delivery.sent.positions(delivery.record.offset)
        out = []
        for position in positions:
            if recovered is not None and position <= recovered.decided_through:
                out.append(any(r.first <= position <= r.last for r in recovered.left_out))
            else:
                out.append(self._is_too_much(position))
        return frozenset(position.index for position, is_out in zip(positions, out, strict=True) if is_out)

    def _is_too_much(self, position: FramePosition) -> bool:
        return digest("overload", self._process, position.offset, position.index) % 6 == 0

    def _link(self, stream: str, offset: int) -> ChainLink:
        link = ChainLink(self._recovery.generation, offset, self._last_of_stream.get(stream), self._last_read)
        self._last_of_stream[stream] = self._last_read = offset
        return link
