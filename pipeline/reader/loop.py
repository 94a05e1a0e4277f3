"""The reader's loop: poll, decode, send to an encoder and the narrator, collect the answers."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from operators.frames.limits import FrameLimits
from pipeline.config import Settings
from pipeline.encoder.pool import EncoderPool
from pipeline.errors import BrokerError, OffsetOutOfRangeError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import PartitionConsumer
from pipeline.messages.health import LostPartition, PartitionStatus
from pipeline.messages.reading import ReadingPlan
from pipeline.messages.records import Receipt
from pipeline.reader.credits import Credits
from pipeline.reader.dispatcher import Dispatcher, Landing
from pipeline.reader.intake import PartitionIntake
from pipeline.reader.lane import OutgoingBatch, ReaderLane
from pipeline.wire.topics import TopicNames

_log = logging.getLogger(__name__)

POLL_S = 0.05
"""Longest wait for records: answers and commands wait no longer than that."""

BROKER_PAUSE_S = 1.0
"""After the broker refused, it is left alone for this long."""

MAX_IN_FLIGHT_BYTES = 64 * 1024 * 1024
"""Decoded frames of one partition that are in flight, at most."""


class ReaderLoop:
    """All that the reader's thread does; `step` is called again and again.

    Args:
        settings: All settings.
        name: Name of the reader, for the broker's logs.

    Raises:
        BrokerError: Kafka can't be reached.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._topic = TopicNames.of(settings.kafka.prefix).frames
        self._consumer = PartitionConsumer(
            connection_kwargs(settings.kafka),
            client_id=f"{settings.kafka.prefix}{settings.kafka.application}.{name}",
            read_committed=True,
            max_partition_fetch_bytes=settings.frames.max_record_bytes,
        )
        self._dispatcher = Dispatcher(EncoderPool(time.monotonic))
        self._lanes: dict[int, ReaderLane] = {}
        self._waiting: list[tuple[ReaderLane, OutgoingBatch]] = []
        self._draining = False

    def assign(self, plan: ReadingPlan, narrator: Any) -> None:
        """Read a partition from now on; an older generation of it is forgotten.

        Args:
            plan: From where.
            narrator: Actor handle of the narrator that owns it.
        """
        limits = FrameLimits(max_pixels=self._settings.frames.max_pixels)
        live = self._settings.live
        if (old := self._lanes.get(plan.partition)) is not None:
            old.lose("a newer generation is read")
        self._lanes[plan.partition] = ReaderLane(
            plan,
            narrator,
            PartitionIntake(plan, self._settings.kafka.partitions, limits),
            Credits(live.credits, MAX_IN_FLIGHT_BYTES),
            live.encoder_batch,
        )
        self._consumer.assign(self._topic, plan.partition, plan.position)
        _log.info(
            "%s [%d] generation %d: reading from offset %d",
            self._topic,
            plan.partition,
            plan.generation,
            plan.position,
        )

    def release(self, partition: int, generation: int) -> None:
        """Stop reading a generation of a partition; nothing happens if a newer one is read."""
        lane = self._lanes.get(partition)
        if lane is not None and lane.plan.generation == generation and not lane.lost_because:
            self._lose(lane, "released")

    def set_encoders(self, encoders: Mapping[str, Any]) -> None:
        """Use these encoders from now on (actor handles by name)."""
        self._dispatcher.set_encoders(encoders)

    def stop_polling(self) -> None:
        """Read nothing more; what is in flight goes on to its answer."""
        self._draining = True

    @property
    def num_in_flight(self) -> int:
        """Records that were read and not answered."""
        return sum(lane.num_in_flight for lane in self._lanes.values() if not lane.lost_because)

    def lost(self) -> tuple[LostPartition, ...]:
        """Partitions that need another generation."""
        return tuple(
            LostPartition(lane.plan.partition, lane.plan.generation, lane.lost_because)
            for lane in list(self._lanes.values())
            if lane.lost_because
        )

    def statuses(self) -> tuple[PartitionStatus, ...]:
        """How far each partition is read."""
        return tuple(lane.status() for lane in list(self._lanes.values()) if not lane.lost_because)

    def step(self) -> None:
        """One round."""
        for landing in self._dispatcher.landings():
            self._settle(landing)
        for lane in self._lanes.values():
            self._waiting += [(lane, outgoing) for outgoing in lane.batches()]
        waiting = [(lane, outgoing) for lane, outgoing in self._waiting if not lane.lost_because]
        self._waiting = [item for item in waiting if not self._dispatcher.send(*item)]
        self._poll()

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()

    def _poll(self) -> None:
        free = (
            {} if self._draining else {p: lane.num_free for p, lane in self._lanes.items() if lane.num_free}
        )
        for partition, lane in self._lanes.items():
            if partition in free:
                self._consumer.resume(self._topic, partition)
            elif not lane.lost_because:
                self._consumer.pause(self._topic, partition)
        if not free:
            # Only an answer can change that.
            for landing in self._dispatcher.landings(POLL_S):
                self._settle(landing)
            return
        try:
            records = self._consumer.poll(POLL_S, max_records=min(free.values()))
        except OffsetOutOfRangeError as error:
            self._lose_unreadable(error)
            return
        except BrokerError as error:
            _log.warning("%s: %s", self._topic, error)
            time.sleep(BROKER_PAUSE_S)
            return
        for partition in free:
            self._lanes[partition].offer(r for r in records if r.partition == partition)

    def _settle(self, landing: Landing) -> None:
        lane, outgoing = landing.flight.lane, landing.flight.outgoing
        if lane.lost_because:
            return
        if landing.receipt is Receipt.PROCESSED:
            lane.answered(outgoing)
        elif landing.receipt is Receipt.FEATURES_LOST:
            _log.warning(
                "%s [%d] offset %d: encoder %s failed, sending %d records again",
                self._topic,
                lane.plan.partition,
                outgoing.batch.entries[0].link.offset,
                landing.flight.encoder,
                len(outgoing.batch.entries),
            )
            self._waiting.append((lane, outgoing))
        else:
            self._lose(lane, f"the narrator gave no answer: {landing.error or landing.receipt}")

    def _lose_unreadable(self, error: OffsetOutOfRangeError) -> None:
        """Give up the partitions whose next offset is not in the log any more; the takeover sees to it."""
        for partition, lane in self._lanes.items():
            bounds = self._consumer.bounds(self._topic, partition)
            if not lane.lost_because and not bounds.beginning <= lane.status().position <= bounds.end:
                self._lose(lane, str(error))

    def _lose(self, lane: ReaderLane, reason: str) -> None:
        lane.lose(reason)
        self._consumer.unassign(self._topic, lane.plan.partition)
        _log.warning(
            "%s [%d] offset %d: generation %d is not read any more: %s",
            self._topic,
            lane.plan.partition,
            lane.status().position,
            lane.plan.generation,
            reason,
        )
