"""One partition in a narrator: its session, its chain, its streams."""

import logging
import time
from collections.abc import Iterable
from math import inf

import numpy as np
from numpy.typing import NDArray

from operators.narrator.types import FramePosition
from pipeline.commit.checkpoint_record import MAX_INDEX
from pipeline.commit.session import PartitionSession
from pipeline.messages.reading import ReadingPlan, StreamStart
from pipeline.messages.records import FramesEntry, PassedEntry, RecordBatch
from pipeline.narrator.chain import Chain
from pipeline.narrator.stream import NarratedStream
from pipeline.narrator.work import Ticket, Work

_log = logging.getLogger(__name__)


class OwnedPartition:
    """One generation of a partition. Only the engine's thread changes it, but for `deliver` and `lose`.

    Attributes:
        session: The session of this generation.
        streams: Its streams.
        lost_because: Why it is not owned any more; "" while it is.
        is_retired: It is handed over: nothing of it is narrated any more, and the last commit is under way.
        caught_up_s: When the reader said last that it has read everything; monotonic seconds.
        committed_position: Position that the last commit wrote.

    Args:
        session: The session of this generation.
    """

    def __init__(self, session: PartitionSession) -> None:
        self.session = session
        self.partition = session.identity.partition
        self.generation = session.identity.generation
        self.streams: dict[str, NarratedStream] = {}
        self.lost_because = ""
        self.is_retired = False
        self.caught_up_s = -inf
        self.committed_position = session.recovery.committed_position
        self._chain: Chain[Work] = Chain(self.generation)
        self._tickets: set[Ticket] = set()
        for name in session.recovery.streams:
            # So that their silence is noticed, too.
            self._stream(name)
        session.forget_snapshots()

    @property
    def where(self) -> str:
        """Topic and partition, for the log."""
        return f"{self.session.identity.topics.frames} [{self.partition}]"

    @property
    def num_waiting(self) -> int:
        """Frames and dead letters that wait for the engine."""
        return sum(len(stream.waiting) for stream in list(self.streams.values()))

    def plan(self, image_size: int, fps: float = inf) -> ReadingPlan:
        """From where, and with which size and rate of frames, the reader reads."""
        recovery = self.session.recovery
        return ReadingPlan(
            partition=self.partition,
            generation=self.generation,
            position=recovery.position,
            committed_position=recovery.committed_position,
            image_size=image_size,
            streams={
                name: StreamStart(
                    stream.covered,
                    stream.next_offset,
                    stream.admission,
                    stream.left_out,
                    # A record that was refused must be refused again, and so must not be left out now.
                    max(stream.decided_through, FramePosition(stream.dead_lettered_through, MAX_INDEX)),
                )
                for name, stream in recovery.streams.items()
            },
            fps=fps,
        )

    def deliver(self, batch: RecordBatch) -> None:
        """Open the positions of a batch, before anything else happens to it."""
        for entry in batch.entries:
            if isinstance(entry, PassedEntry):
                self.session.passed(entry.link.offset, entry.link.previous_read)
            else:
                self.session.delivered(entry.stream, entry.link.offset, entry.link.previous_read)

    def receive(
        self, batch: RecordBatch, features: NDArray[np.float32] | None, ticket: Ticket
    ) -> Iterable[NarratedStream]:
        """Put the records of a batch into their streams, as far as nothing before them is missing.

        Args:
            batch: The records.
            features: Features of all their frames [F, N, D], in order; None if they have no frames.
            ticket: Counts the batch's records.

        Returns:
            The streams that have work now.
        """
        self._tickets = {open_ticket for open_ticket in self._tickets if open_ticket.num_left} | {ticket}
        row = 0
        for entry in batch.entries:
            if isinstance(entry, PassedEntry):
                ticket.record_done()
                continue
            rows = None
            if isinstance(entry, FramesEntry) and entry.kept and features is not None:
                rows = features[row : row + len(entry.kept)]
                row += len(entry.kept)
            if not self._chain.offer(entry.stream, entry.link, Work(entry, rows, ticket)):
                ticket.record_done()
        moved: dict[str, NarratedStream] = {}
        now_s = time.monotonic()
        for work in self._chain.take():
            stream = self._stream(work.entry.stream)
            stream.waiting.append(work)
            stream.last_record_s, stream.is_behind = now_s, batch.is_behind
            moved[stream.name] = stream
        return moved.values()

    def is_done(self, stream: NarratedStream, work: Work) -> bool:
        """Whether the next frame of a record was dealt with before, here or before the takeover."""
        position, passed = work.position, stream.narrated_through
        is_passed = passed is not None and position <= passed
        return work.has_frames_left and (is_passed or self.session.recovery.is_done(stream.name, position))

    def lose(self, reason: str) -> None:
        """Give the partition up; the engine's thread clears it away. Thread-safe."""
        if not self.lost_because:
            self.lost_because = reason
            _log.warning("%s generation %d: lost: %s", self.where, self.generation, reason)

    def clear(self) -> None:
        """Answer what waits, and forget the streams."""
        for ticket in self._tickets:
            ticket.refuse()
        self._tickets.clear()
        self.streams.clear()

    def _stream(self, name: str) -> NarratedStream:
        stream = self.streams.get(name)
        if stream is None:
            recovered = self.session.recovery.streams.get(name)
            stream = NarratedStream.of(name, self.partition, recovered, time.monotonic())
            self.streams[name] = stream
        return stream
