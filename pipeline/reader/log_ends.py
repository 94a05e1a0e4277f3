"""Looks at the ends of the logs: which partitions are read to theirs, and where more comes than goes."""

import logging
from collections.abc import Iterable
from math import inf
from typing import Any

from pipeline.errors import BrokerError
from pipeline.kafka_io.consumer import PartitionConsumer
from pipeline.reader.lane import ReaderLane
from pipeline.reader.load import LaneEnd, NarratorLoad

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
"""Time between two looks."""

DEADLINE_S = 2.0
"""The reader's thread waits no longer for a broker that does not answer."""

PAUSE_S = 10.0
"""After a look that failed."""


class LogEnds:
    """Not thread-safe.

    Args:
        consumer: To which the partitions are assigned.
        topic: The frames topic.
        shed_after_s: See `next_overload`; None keeps all frames.
    """

    def __init__(self, consumer: PartitionConsumer, topic: str, shed_after_s: float | None) -> None:
        self._consumer = consumer
        self._topic = topic
        self._shed_after_s = shed_after_s
        self._loads: dict[Any, NarratorLoad] = {}
        self._due_at_s = -inf

    def look(self, lanes: Iterable[ReaderLane], now_s: float) -> None:
        """Look, if it is time to.

        Narrators are told which of their partitions have nothing more for them: only then can a stream be
        silent. That does not count while the broker can't be asked.

        Args:
            lanes: All partitions; lost ones are passed over.
            now_s: Unix time in seconds.
        """
        open_lanes = [lane for lane in lanes if not lane.lost_because]
        if now_s < self._due_at_s or not open_lanes:
            return
        self._due_at_s = now_s + LOOK_EVERY_S
        try:
            ends = self._consumer.ends(self._topic, [lane.plan.partition for lane in open_lanes], DEADLINE_S)
            seen = [LaneEnd(lane, ends[lane.plan.partition]) for lane in open_lanes]
            for item in seen:
                if item.lane.is_idle and self._position(item.lane) >= item.end:
                    plan = item.lane.plan
                    item.lane.narrator.caught_up.remote(plan.partition, plan.generation)
        except BrokerError as error:
            _log.debug("%s: no ends: %s", self._topic, error)
            self._due_at_s = now_s + PAUSE_S
            return
        if self._shed_after_s is not None:
            self._look_at_loads(seen, self._shed_after_s, now_s)

    def _position(self, lane: ReaderLane) -> int:
        """Offset that is read next; it passes over markers, which are no records."""
        return self._consumer.position(self._topic, lane.plan.partition)

    def _look_at_loads(self, seen: list[LaneEnd], shed_after_s: float, now_s: float) -> None:
        by_narrator: dict[Any, list[LaneEnd]] = {}
        for item in seen:
            by_narrator.setdefault(item.lane.narrator, []).append(item)
        self._loads = {
            narrator: self._loads.get(narrator) or NarratorLoad(shed_after_s) for narrator in by_narrator
        }
        for narrator, items in by_narrator.items():
            self._loads[narrator].look(items, now_s)
