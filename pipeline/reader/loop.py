"""The reader's loop: poll, decode, send to an encoder and the narrator, collect the answers."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from operators.frames.limits import FrameLimits
from pipeline.config import Settings
from pipeline.encoder.pool import EncoderPool
from pipeline.errors import OffsetOutOfRangeError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import PartitionConsumer
from pipeline.messages.camera import CameraBook
from pipeline.messages.health import LostPartition, PartitionStatus
from pipeline.messages.reading import ReadingPlan
from pipeline.messages.records import Receipt
from pipeline.reader.credits import Credits
from pipeline.reader.dispatcher import Dispatcher, Landing
from pipeline.reader.fairness import LaneBounds
from pipeline.reader.gaps import GapRules
from pipeline.reader.intake import PartitionIntake
from pipeline.reader.lane import OutgoingBatch, ReaderLane
from pipeline.reader.log_ends import LogEnds
from pipeline.reader.poller import FramesPoller
from pipeline.reader.turns import take_batches
from pipeline.wire.topics import TopicNames

_log = logging.getLogger(__name__)

POLL_S = 0.05
"""Longest wait for records: answers and commands wait no longer than that."""

GATHER_PAUSE_S = 0.02
"""Between two polls that bring only records that may wait."""

MAX_BARE_IN_FLIGHT = 2048
"""Records of one partition that are in flight without frames, at most."""

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
            client_id=f"{settings.kafka.namespace}.{name}",
            read_committed=True,
            max_partition_fetch_bytes=settings.frames.max_record_bytes,
        )
        self._dispatcher = Dispatcher(EncoderPool(time.monotonic))
        self._poller = FramesPoller(self._consumer, self._topic)
        self._log_ends = LogEnds(self._consumer, self._topic, settings.live.shed_after_s)
        self._bounds = LaneBounds(settings.live.encoder_batch, settings.live.credits)
        self._cameras = CameraBook()
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
        rules = GapRules(live.clock_jump_s, live.silent_after_s)
        intake = PartitionIntake(plan, self._settings.kafka.partitions, limits, rules)
        intake.set_cameras(self._cameras)
        credits = Credits(live.credits, MAX_BARE_IN_FLIGHT, MAX_IN_FLIGHT_BYTES)
        self._lanes[plan.partition] = ReaderLane(plan, narrator, intake, credits)
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

    def set_cameras(self, cameras: CameraBook) -> None:
        """Read with these settings from the next records on."""
        self._cameras = cameras
        for lane in self._lanes.values():
            lane.intake.set_cameras(cameras)

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
        """One round: at most one batch of each partition, the live ones first."""
        for landing in self._dispatcher.landings():
            self._settle(landing)
        now_s = time.time()
        taken = take_batches(self._lanes.values(), self._bounds, now_s)
        waiting = [item for item in self._waiting if not item[0].lost_because]
        self._waiting = [item for item in waiting + taken if not self._dispatcher.send(*item)]
        if not taken and any(lane.is_gathering for lane in self._lanes.values()):
            # Thousands of records a second would else come in thousands of polls.
            time.sleep(GATHER_PAUSE_S)
        # What was polled goes on at once; the poll in between lets live records overtake.
        self._poll(0.0 if taken else POLL_S)
        self._log_ends.look(self._lanes.values(), now_s)

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()

    def _poll(self, wait_s: float) -> None:
        try:
            is_polled = not self._draining and self._poller.poll(self._lanes, wait_s)
        except OffsetOutOfRangeError as error:
            self._lose_unreadable(error)
            return
        if not is_polled:
            # Only an answer can change anything.
            for landing in self._dispatcher.landings(wait_s):
                self._settle(landing)

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
