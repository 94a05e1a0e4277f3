"""Fetches records for the partitions that can take some."""

import logging
import time
from collections.abc import Mapping

from pipeline.errors import BrokerError, OffsetOutOfRangeError
from pipeline.kafka_io.consumer import PartitionConsumer
from pipeline.reader.lane import ReaderLane

_log = logging.getLogger(__name__)

MAX_POLLED_RECORDS = 256
"""Records of one poll; what they take is bounded by what the broker sends at a time."""

BROKER_PAUSE_S = 1.0
"""After the broker refused, it is left alone for this long."""


class FramesPoller:
    """Not thread-safe.

    Args:
        consumer: To which the partitions are assigned.
        topic: The frames topic.
    """

    def __init__(self, consumer: PartitionConsumer, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic
        self._has_failed = False

    def poll(self, lanes: Mapping[int, ReaderLane], wait_s: float) -> bool:
        """Offer records to the partitions that want some, waiting for the first at most `wait_s`.

        Returns:
            False, at once, if none wants any.

        Raises:
            OffsetOutOfRangeError: The next record of a partition is not in its log any more.
        """
        wanting = {partition for partition, lane in lanes.items() if lane.wants_records}
        for partition, lane in lanes.items():
            if partition in wanting:
                self._consumer.resume(self._topic, partition)
            elif not lane.lost_because:
                self._consumer.pause(self._topic, partition)
        if not wanting:
            return False
        try:
            records = self._consumer.poll(wait_s, max_records=MAX_POLLED_RECORDS)
        except OffsetOutOfRangeError:
            raise
        except BrokerError as error:
            self._failed(error)
            return True
        if records and self._has_failed:
            self._has_failed = False
            _log.warning("%s: records come again", self._topic)
        for partition in wanting:
            lanes[partition].offer(record for record in records if record.partition == partition)
        return True

    def _failed(self, error: BrokerError) -> None:
        if not self._has_failed:
            self._has_failed = True
            _log.warning("%s: %s Trying again.", self._topic, error)
        time.sleep(BROKER_PAUSE_S)
