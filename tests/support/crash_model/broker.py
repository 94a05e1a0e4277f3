"""The model broker, as the protocol's port sees it."""

from __future__ import annotations

from pipeline.commit.ports import CheckpointPage
from pipeline.errors import BrokerError
from pipeline.kafka_io.records import OffsetBounds, Record
from tests.support.commit_model import MAX_BYTES, TOPICS, Clock
from tests.support.crash_model.log import Coordinator, TopicLog
from tests.support.crash_model.network import Network
from tests.support.crash_model.producer import ModelWriter
from tests.support.crash_model.steps import Steps


class ModelBroker:
    """One partition of every topic. PartitionBroker.

    Attributes:
        is_down: No request is answered, or even received.
        frames: All frames that were ever published, in order; their offsets have holes.
        beginning: Retention has deleted the frames before this offset.
        end: Offset of the next frame.
        logs: The topics that are written in transactions.
        network: Requests on their way.
        coordinator: The transactions.
    """

    def __init__(self, steps: Steps, network: Network, clock: Clock) -> None:
        self.is_down = False
        self.frames: list[Record] = []
        self.beginning = 0
        self.end = 0
        self.logs = {topic: TopicLog(topic) for topic in MAX_BYTES}
        self.network = network
        self.coordinator = Coordinator(clock)
        self._clock = clock
        self._steps = steps

    @property
    def time_ms(self) -> int:
        """When a record gets here that is published now."""
        return self._clock.time_ns() // 1_000_000

    def reach(self, step: str, *kinds: str) -> str | None:
        """Pass a step of a client; while the broker is down its requests are lost."""
        fault = self._steps.at(step, *kinds)
        return "lost" if self.is_down else fault

    def compact(self) -> None:
        """Compact the topics of which only the newest records count."""
        self.logs[TOPICS.checkpoints].compact()

    def delete_frames(self, before: int) -> None:
        """Retention deletes the frames before an offset."""
        self.beginning = max(self.beginning, min(before, self.end))

    def read_checkpoints(self, start: int | None, timeout_s: float) -> CheckpointPage:
        """See PartitionBroker."""
        self._ask("before reading checkpoints")
        log = self.logs[TOPICS.checkpoints]
        end = log.last_stable_offset
        self._ask("while reading checkpoints")
        records = tuple(r for r in log.read(start or 0) if r.offset < end)
        return CheckpointPage(records, end)

    def become_writer(self) -> ModelWriter:
        """See PartitionBroker."""
        self._ask("before fencing")
        writer = ModelWriter(self)
        self._ask("after fencing")
        return writer

    def frames_topic_id(self) -> str:
        """See PartitionBroker."""
        self._ask("before asking for the topic's id")
        return "topic"

    def frame_bounds(self) -> OffsetBounds:
        """See PartitionBroker."""
        self._ask("before asking for the bounds of frames")
        return OffsetBounds(self.beginning, self.end)

    def _ask(self, step: str) -> None:
        if self.reach(step, "lost"):
            raise BrokerError(f"{step}: no answer")
