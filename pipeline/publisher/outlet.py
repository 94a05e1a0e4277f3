"""Where a publisher's records go while the broker is away: they wait, or a live camera leaves them out."""

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Protocol

from pipeline.errors import KafkaUnavailableError
from pipeline.kafka_io.records import Delivery, OutgoingRecord
from pipeline.state_log import StateLog

_log = logging.getLogger(__name__)

WAIT_STEP_S = 1.0
"""How soon a waiting publisher notices that it is to stop."""

LAST_WAIT_S = 150.0
"""For the last records, if the broker is away just then."""

STOP_WAIT_S = 30.0
"""The same for a publisher that was told to stop."""


class RecordSender(Protocol):
    """Where a publisher's records go: an `IdempotentProducer`, or something that stands before one."""

    def send(
        self,
        record: OutgoingRecord,
        on_done: Callable[[Delivery], None] | None = None,
        *,
        timeout_s: float = 30.0,
    ) -> None:
        """Hand one record over, in order; raises KafkaUnavailableError if there is no room for it in time."""

    def flush(self, timeout_s: float) -> None:
        """Wait until the outcome of every record is known."""


class FrameOutlet:
    """Hands records to a sender that is full while the broker is away.

    What was handed over is sent when the broker is back. Frames of a file wait until there is room again. A
    live camera goes on meanwhile, so its newest frames are left out: their numbers are missing in the
    stream, and readers see that.

    Args:
        sender: The sender.
        what: Whose records, for the log.
        may_leave_out: They are a live camera's.
        stop: Set when the publisher is to stop.
    """

    def __init__(
        self, sender: RecordSender, what: str, *, may_leave_out: bool, stop: threading.Event
    ) -> None:
        self._sender = sender
        self._may_leave_out = may_leave_out
        self._stop = stop
        self._has_sent = False
        self._state = StateLog("kafka", f"{what}: the broker", _log)

    def send(
        self, record: OutgoingRecord, on_done: Callable[[Delivery], None], *, is_last: bool = False
    ) -> bool:
        """Hand one record over; return whether it was, or left out.

        Args:
            record: The record.
            on_done: Called once with its outcome, if it was handed over.
            is_last: It ends the stream: not left out, but tried for a while.

        Raises:
            WireError: It is too large.
            KafkaUnavailableError: It was the first, or the publisher was to stop: nothing is waited for.
            BrokerError: The broker refuses.
        """
        leaves_out = self._may_leave_out and self._has_sent and not is_last
        started_s = time.monotonic()
        while True:
            try:
                self._sender.send(record, on_done, timeout_s=0.0 if leaves_out else WAIT_STEP_S)
            except KafkaUnavailableError as error:
                if not self._has_sent:
                    raise
                self._state.down(error.message.rstrip("."))
                if leaves_out:
                    return False
                if time.monotonic() - started_s > self.patience_s(is_last=is_last):
                    raise
            else:
                self._has_sent = True
                self._state.up()
                return True

    def patience_s(self, *, is_last: bool) -> float:
        """How long a record is worth waiting for."""
        if self._stop.is_set():
            return STOP_WAIT_S
        return LAST_WAIT_S if is_last else math.inf
