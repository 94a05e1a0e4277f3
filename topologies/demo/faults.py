"""What a broken camera sends besides its good frames: one record of every kind that has to be refused."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from operators.frames.encode import encode_png
from pipeline.kafka_io.records import Delivery, Headers, OutgoingRecord
from pipeline.publisher.outlet import RecordSender
from pipeline.wire.partitioner import partition_of

EXPECTED_CODES = Counter(
    [
        "image-corrupt",
        "content-type-unsupported",
        "header-missing",
        "image-too-large",
        "duplicate-sequence",
        "sequence-out-of-order",
        "stale-epoch",
        "wrong-partition",
    ]
)
"""Dead letters that one broken camera causes, by code."""

FIRST_FAULT = 8
EVERY = 5
"""Good records before the first fault, and between two of them: all come within half a minute at 2 fps."""

HUGE_WIDTH, HUGE_HEIGHT = 8000, 6250
"""50 megapixels: more than `frames.max_pixels` allows."""


@dataclass(slots=True)
class FaultInjector:
    """Stands between a camera and its producer, and adds broken records; good ones keep their order.

    Attributes:
        good: Takes the camera's own records, renumbered so that broken ones have numbers of their own.
        broken: Takes the broken ones.
        num_partitions: Partitions of the frames topic.
    """

    good: RecordSender
    broken: RecordSender
    num_partitions: int
    _num_good: int = 0
    _sequence: int = 0
    _left_out: int = -1

    def send(
        self,
        record: OutgoingRecord,
        on_done: Callable[[Delivery], None] | None = None,
        *,
        timeout_s: float = 30.0,
    ) -> None:
        """Send a record of the camera and, when its turn has come, a broken one after it."""
        sent = replace(record, headers=with_header(record.headers, "sequence", str(self._next_sequence())))
        self.good.send(sent, on_done, timeout_s=timeout_s)
        number, rest = divmod(self._num_good - FIRST_FAULT, EVERY)
        self._num_good += 1
        makers = self._makers()
        if rest == 0 and 0 <= number < len(makers) and sent.value is not None:
            self.broken.send(makers[number](sent))

    def flush(self, timeout_s: float) -> None:
        """Wait until the outcome of every record is known."""
        self.good.flush(timeout_s)

    def _next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence - 1

    def _makers(self) -> tuple[Callable[[OutgoingRecord], OutgoingRecord], ...]:
        return (
            self._truncated,
            self._of_wrong_type,
            self._without_capture_time,
            self._huge,
            lambda record: record,
            self._late,
            self._of_older_epoch,
            self._in_wrong_partition,
        )

    def _numbered(self, record: OutgoingRecord) -> OutgoingRecord:
        return replace(record, headers=with_header(record.headers, "sequence", str(self._next_sequence())))

    def _truncated(self, record: OutgoingRecord) -> OutgoingRecord:
        value = record.value or b""
        return self._numbered(replace(record, value=value[: len(value) // 2]))

    def _of_wrong_type(self, record: OutgoingRecord) -> OutgoingRecord:
        numbered = self._numbered(record)
        return replace(numbered, headers=with_header(numbered.headers, "content-type", "text/plain"))

    def _without_capture_time(self, record: OutgoingRecord) -> OutgoingRecord:
        numbered = self._numbered(record)
        kept = tuple(header for header in numbered.headers if header[0] != "capture-time")
        # The number left free here is that of the late record: one that never came before.
        self._left_out = self._next_sequence()
        return replace(numbered, headers=kept)

    def _huge(self, record: OutgoingRecord) -> OutgoingRecord:
        numbered = self._numbered(replace(record, value=huge_png()))
        return replace(numbered, headers=with_header(numbered.headers, "content-type", "image/png"))

    def _late(self, record: OutgoingRecord) -> OutgoingRecord:
        return replace(record, headers=with_header(record.headers, "sequence", str(self._left_out)))

    def _of_older_epoch(self, record: OutgoingRecord) -> OutgoingRecord:
        epoch = int(dict(record.headers)["epoch"]) - 1
        return replace(record, headers=with_header(record.headers, "epoch", str(epoch)))

    def _in_wrong_partition(self, record: OutgoingRecord) -> OutgoingRecord:
        numbered = self._numbered(record)
        right = partition_of((record.key or b"").decode(), self.num_partitions)
        return replace(numbered, partition=(right + 1) % self.num_partitions)


def with_header(headers: Headers, name: str, text: str) -> Headers:
    """Copy headers with one of them replaced."""
    return (*(header for header in headers if header[0] != name), (name, text.encode()))


@cache
def huge_png() -> bytes:
    """A picture of too many pixels. Takes a second to make: to be called before a camera keeps time."""
    return encode_png(np.zeros((HUGE_HEIGHT, HUGE_WIDTH, 3), np.uint8))
