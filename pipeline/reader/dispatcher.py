"""Sends a reader's batches to encoders and narrators, and hands the answers back to the reader's thread."""

import queue
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from pipeline.cluster.remote_errors import describe
from pipeline.encoder.pool import EncoderPool
from pipeline.messages.records import Receipt
from pipeline.reader.lane import OutgoingBatch, ReaderLane


@dataclass(slots=True, eq=False)
class Flight:
    """A batch on its way.

    Attributes:
        lane: Where it came from.
        outgoing: The batch.
        encoder: Name of the encoder that got its frames; None if it has none.
        answer: Reference to the narrator's answer; Ray forgets an answer that nobody refers to.
    """

    lane: ReaderLane
    outgoing: OutgoingBatch
    encoder: str | None = None
    answer: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Landing:
    """How a flight ended.

    Attributes:
        flight: The flight.
        receipt: The narrator's answer; None if it gave none.
        error: Why it gave none; "" if it did.
    """

    flight: Flight
    receipt: Receipt | None
    error: str


class Dispatcher:
    """Not thread-safe; only Ray's callbacks come from other threads.

    Args:
        pool: The encoders.
    """

    def __init__(self, pool: EncoderPool) -> None:
        self._pool = pool
        self._flights: set[Flight] = set()
        self._given_up: list[Flight] = []
        self._answers: queue.SimpleQueue[tuple[Flight, Future[Receipt]]] = queue.SimpleQueue()

    def set_encoders(self, encoders: Mapping[str, Any]) -> None:
        """Use these encoders from now on (actor handles by name).

        Batches that an encoder has which is not among them count as lost: it may be silent for long.
        """
        self._pool.set_encoders(encoders)
        lost = {f for f in self._flights if f.encoder is not None and f.encoder not in encoders}
        self._flights -= lost
        self._given_up += lost

    def send(self, lane: ReaderLane, outgoing: OutgoingBatch) -> bool:
        """Send a batch on its way; False if no encoder can take it now."""
        flight = Flight(lane, outgoing)
        references = []
        if outgoing.frames is not None:
            is_behind = outgoing.batch.is_behind
            flight.encoder = self._pool.choose(is_behind=is_behind)
            if flight.encoder is None:
                return False
            references = [self._pool.submit(flight.encoder, outgoing.frames, is_behind=is_behind)]
        # In a list, so that the narrator hears of the records before their features are there.
        flight.answer = lane.narrator.accept.remote(outgoing.batch, references)
        self._flights.add(flight)
        answers = self._answers
        flight.answer.future().add_done_callback(lambda answer: answers.put((flight, answer)))
        return True

    def landings(self, timeout_s: float = 0.0) -> list[Landing]:
        """The flights that ended since the last call; waits for the first of them at most `timeout_s`."""
        given_up, self._given_up = self._given_up, []
        landed = [Landing(flight, Receipt.FEATURES_LOST, "") for flight in given_up]
        block = timeout_s > 0 and not landed
        try:
            landed += self._land(*self._answers.get(timeout=timeout_s or None, block=block))
            while True:
                landed += self._land(*self._answers.get_nowait())
        except queue.Empty:
            return landed

    def _land(self, flight: Flight, answer: "Future[Receipt]") -> list[Landing]:
        if flight not in self._flights:
            # It was given up, and the same batch is on its way through another encoder.
            return []
        self._flights.discard(flight)
        error = answer.exception()
        receipt = None if error is not None else answer.result()
        if flight.encoder is not None:
            batch, failed = flight.outgoing.batch, receipt is Receipt.FEATURES_LOST
            self._pool.finished(flight.encoder, batch.num_frames, is_behind=batch.is_behind, failed=failed)
        return [Landing(flight, receipt, "" if error is None else describe(error))]
