"""A narrator's process in small: reader, chain, streams, engine, session."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from pipeline.commit.session import PartitionSession
from pipeline.narrator.chain import Chain
from tests.support.crash_model.broker import ModelBroker
from tests.support.crash_model.toy_engine import ToyEngine
from tests.support.crash_model.toy_reader import ToyReader
from tests.support.crash_model.toy_stream import Delivery, ToyStream


class ToyNarrator:
    """What the engine does is reported call by call, so that a commit may come between any two of them.

    Attributes:
        number: Number of the process.
        session: Its session.
        in_flight: Batches on their way from the reader.
        reports: Calls of the session that are to be made, in order.

    Args:
        number: See above.
        session: See above.
        broker: Where frames are read.
        settings: Tells the settings of the cameras as of now.
    """

    def __init__(
        self, number: int, session: PartitionSession, broker: ModelBroker, settings: Callable[[], str]
    ) -> None:
        self.number = number
        self.session = session
        self.reader = ToyReader(number, session.recovery, broker)
        self.in_flight: list[list[Delivery]] = []
        self.reports: deque[Callable[[], object]] = deque()
        self.streams: dict[str, ToyStream] = {}
        self._chain: Chain[Delivery] = Chain(session.recovery.generation)
        self._engine = ToyEngine(number, session, self.reports, settings)

    @property
    def busy_streams(self) -> list[str]:
        """Streams that have something to do."""
        return [name for name, stream in self.streams.items() if stream.waiting]

    @property
    def has_caught_up(self) -> bool:
        """Everything that was published is processed."""
        return not (self.reader.has_more or self.in_flight or self.reports or self.busy_streams)

    def read(self, num_records: int) -> None:
        """Send the next batch on its way; see ToyReader.read."""
        batch = self.reader.read(num_records)
        if batch:
            self.in_flight.append(batch)

    def arrive(self, index: int, *, again: bool) -> None:
        """A batch arrives, perhaps not for the last time."""
        batch = self.in_flight[index] if again else self.in_flight.pop(index)
        for delivery in batch:
            link = delivery.link
            if delivery.is_passed:
                self.session.passed(link.offset, link.previous_read)
            else:
                self.session.delivered(delivery.sent.stream, link.offset, link.previous_read)
        for delivery in batch:
            if not delivery.is_passed:
                self._chain.offer(delivery.sent.stream, delivery.link, delivery)
        for delivery in self._chain.take():
            self._stream(delivery.sent.stream).waiting.append(delivery)

    def step(self, index: int) -> None:
        """Make one report; without one, let a stream go on by one frame."""
        if not self.reports and (busy := self.busy_streams):
            name = busy[index % len(busy)]
            self._engine.go_on(name, self.streams[name])
        if self.reports:
            self.reports.popleft()()

    def snapshot(self, name: str) -> None:
        """Write a stream's state down, as far as everything of it is reported."""
        while self.reports:
            self.reports.popleft()()
        stream = self._stream(name)
        if stream.seen is not None:
            data = stream.memory.to_bytes() if stream.memory.state else None
            self.session.snapshotted(name, data, stream.seen, stream.admission)

    def fall_silent(self, name: str) -> None:
        """Nothing has come of a stream for a while."""
        admission = self._stream(name).admission
        if admission is not None and not admission.ended and admission.last_capture_ns is not None:
            self.session.events.fell_silent(name, admission.epoch, admission.last_capture_ns)

    def catch_up(self, steps_left: int = 0) -> None:
        """Process everything that was published, but for the last steps."""
        self._take_all_in()
        num_frames = sum(len(stream.waiting) for stream in self.streams.values())
        for step in range(max(num_frames * 4 - steps_left, 0) if steps_left else 2**31):
            if not (self.reports or self.busy_streams):
                break
            self.step(step)

    def catch_up_with_all_but_one(self) -> None:
        """Process everything that was published of all streams but one, the last one first."""
        self._take_all_in()
        while self.reports or len(self.busy_streams) > 1:
            self.step(-1)

    def _take_all_in(self) -> None:
        self.read(2**31)
        while self.in_flight:
            self.arrive(len(self.in_flight) - 1, again=False)

    def _stream(self, name: str) -> ToyStream:
        stream = self.streams.get(name)
        if stream is None:
            stream = self.streams[name] = ToyStream.of(self.session.recovery.streams.get(name))
        return stream
