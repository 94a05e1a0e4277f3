"""Follows the topic `cameras` for as long as a topology runs."""

import logging
from collections import deque
from collections.abc import Iterable

from pipeline.cameras.documents import CameraDocuments
from pipeline.config import Settings
from pipeline.errors import BrokerError, OffsetOutOfRangeError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import PartitionConsumer
from pipeline.messages.camera import CameraBook
from pipeline.messages.dead_letter import DeadLetter
from pipeline.wire.topics import TopicNames

_log = logging.getLogger(__name__)

POLL_S = 0.1
"""Longest wait for records at a time."""

DEADLINE_S = 5.0
"""Of every other call to the broker."""

MAX_REFUSED = 1000
"""Refused documents that are remembered; the oldest are forgotten first."""


class CameraFollower:
    """Reads the topic from its beginning, and on. Not thread-safe; `poll` blocks for seconds at times.

    A broker that is away changes nothing: the last book holds, and is read on as soon as it is back.

    Args:
        settings: All settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._kafka = settings.kafka
        self._topic = TopicNames.of(settings.kafka.prefix).cameras
        self._consumer: PartitionConsumer | None = None
        self._documents = CameraDocuments()
        self._wanted_end = 0
        self._book: CameraBook | None = None
        self._refused: deque[DeadLetter] = deque(maxlen=MAX_REFUSED)
        self._refused_through = -1
        self._has_failed = False

    def poll(self) -> CameraBook | None:
        """Read what is new.

        Returns:
            The whole book if it has changed, also the first one, even if that is empty; else None. There is
            none before all that is in the topic was read once.
        """
        try:
            if self._consumer is None:
                self._begin()
            self._read()
        except OffsetOutOfRangeError as error:
            # The topic was made anew.
            _log.warning("%s Reading it from its beginning.", error)
            self._refused_through = -1
            self.close()
            return None
        except BrokerError as error:
            if not self._has_failed:
                self._has_failed = True
                _log.warning("%s can't be read, the settings of cameras stay: %s", self._topic, error)
            self.close()
            return None
        if self._has_failed:
            self._has_failed = False
            _log.warning("%s: read again", self._topic)
        return self._news() if self._documents.next_offset >= self._wanted_end else None

    def refused(self) -> tuple[DeadLetter, ...]:
        """The documents that can't be used and that `forget_refused` was not called for, in their order."""
        return tuple(self._refused)

    def forget_refused(self, letters: Iterable[DeadLetter]) -> None:
        """These dead letters are where they belong."""
        offsets = {letter.offset for letter in letters}
        self._refused = deque((x for x in self._refused if x.offset not in offsets), maxlen=MAX_REFUSED)

    def close(self) -> None:
        """Close the connection; `poll` opens another one."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _begin(self) -> None:
        self._consumer = PartitionConsumer(
            connection_kwargs(self._kafka),
            client_id=f"{self._kafka.namespace}.cameras",
            read_committed=True,
            timeout_s=DEADLINE_S,
        )
        bounds = self._consumer.bounds(self._topic, 0)
        self._consumer.assign(self._topic, 0, bounds.beginning)
        self._documents = CameraDocuments()
        self._documents.next_offset = bounds.beginning
        self._wanted_end = bounds.end

    def _read(self) -> None:
        assert self._consumer is not None, "poll has opened it"
        while records := self._consumer.poll(POLL_S):
            for record in records:
                letter = self._documents.apply(record)
                if letter is not None and letter.offset > self._refused_through:
                    self._refuse(letter)
        if self._documents.next_offset < self._wanted_end:
            # The last offsets may be those of records that compaction took away, or of markers.
            position = self._consumer.position(self._topic, 0)
            self._documents.next_offset = max(self._documents.next_offset, position)

    def _refuse(self, letter: DeadLetter) -> None:
        self._refused_through = letter.offset
        self._refused.append(letter)
        _log.warning("%s offset %d: refused: %s", letter.topic, letter.offset, letter.message)

    def _news(self) -> CameraBook | None:
        old, next_offset = self._book, self._documents.next_offset
        if old is None:
            self._book = self._documents.book(next_offset)
            return self._book
        book = self._documents.book(max(next_offset, old.version + 1))
        if (book.default, book.cameras) == (old.default, old.cameras):
            return None
        self._book = book
        return book
