"""Readers that are there all the time: of the narrations, as services are, and of when partitions commit."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType

from topologies.chaos.background import BackgroundWork
from topologies.chaos.checker.reader import TopicReader
from topologies.chaos.checker.records import LogRecord

POLL_S = 0.5
FINISH_DEADLINE_S = 60.0

_COMMIT_KEYS = (b"@owner/", b"@partition/")


class Follower(BackgroundWork):
    """Reads a topic in a thread of its own, from its beginning, whatever happens to the broker.

    Args:
        bootstrap: Addresses of brokers, comma-separated.
        topic: Name of the topic.
        take: Called with each record, in order within each partition.
    """

    def __init__(self, bootstrap: str, topic: str, take: Callable[[LogRecord], None]) -> None:
        super().__init__(f"follow {topic}", FINISH_DEADLINE_S)
        self._reader = TopicReader(bootstrap, topic)
        self._take = take
        self._failure: Exception | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._reader.close()

    def finish(self) -> None:
        """Read on to the end as it is now, and stop.

        Raises:
            ReadTimeoutError: That takes too long.
        """
        self._end()
        if self._failure is not None:
            raise self._failure
        for record in self._reader.read_to_end(FINISH_DEADLINE_S):
            self._take(record)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                for record in self._reader.poll(POLL_S):
                    self._take(record)
        except Exception as error:
            self._failure = error


class SeenNarrations:
    """What a service would have got, and how much of it lately."""

    def __init__(self) -> None:
        self.records: list[LogRecord] = []
        self._at_s: list[float] = []

    def take(self, record: LogRecord) -> None:
        """Keep a record."""
        self.records.append(record)
        if ("ce_type", b"flownar.narration.v1") in record.headers:
            self._at_s.append(time.monotonic())

    @property
    def total(self) -> int:
        """Narrations so far."""
        return len(self._at_s)

    def per_minute(self) -> int:
        """Narrations of the last minute."""
        since_s = time.monotonic() - 60.0
        return sum(at_s >= since_s for at_s in self._at_s[-10_000:])


class SeenCommits:
    """When each partition committed, from the checkpoints: later, compaction leaves only the last of them."""

    def __init__(self) -> None:
        self._times_ms: dict[int, list[int]] = {}

    def take(self, record: LogRecord) -> None:
        """Note the time of a record that every commit, or every takeover, writes."""
        if record.key is not None and record.key.startswith(_COMMIT_KEYS):
            self._times_ms.setdefault(record.partition, []).append(record.timestamp_ms)

    def times_ms(self) -> Mapping[int, list[int]]:
        """By partition, rising."""
        return {partition: sorted(times) for partition, times in self._times_ms.items()}
