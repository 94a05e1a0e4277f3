"""The narrator's loop: at most one frame of every stream a step, all of them in one batch."""

import time
from dataclasses import dataclass
from math import inf

import numpy as np
import torch
from numpy.typing import NDArray

from operators.narrator.engine import NarratorEngine
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FrameInput
from pipeline.messages.records import DeadLetterEntry, FramesEntry, RecordBatch
from pipeline.narrator.owned_partition import OwnedPartition
from pipeline.narrator.reporter import SessionReporter
from pipeline.narrator.slots import StreamSlots
from pipeline.narrator.stream import NarratedStream, Ticket, Work

DUE_CHECK_S = 2.0
"""How often streams without new frames are asked for a snapshot."""


@dataclass(frozen=True, slots=True)
class _Turn:
    stream: NarratedStream
    work: Work
    owned: OwnedPartition

    @property
    def entry(self) -> FramesEntry:
        assert isinstance(self.work.entry, FramesEntry), "dead letters have no turn"
        return self.work.entry

    @property
    def end_time_ns(self) -> int:
        return self.entry.headers.capture_times_ns[-1]

    def frame(self) -> FrameInput:
        work, entry = self.work, self.entry
        assert work.features is not None, "a record with frames comes with their features"
        return FrameInput(
            stream=self.stream.name,
            position=work.position,
            capture_time_ns=entry.headers.capture_times_ns[work.next_frame],
            # A copy, because the array lies in Ray's shared memory, which must not be held or written.
            features=torch.from_numpy(work.features[work.next_frame].copy()),
            end_of_stream=work.ends_stream and work.next_frame + 1 == work.num_frames,
            replay=self.stream.replayed_decision(work.position),
        )


class NarratorLoop:
    """All that the engine's thread does; `step` is called again and again. Not thread-safe.

    Args:
        engine: The engine.
        num_slots: Streams that it can hold.
        settings: How every stream is narrated.
        prompt_version: Which prompt is in force.

    Raises:
        EngineError: The settings do not fit the model.
    """

    def __init__(
        self, engine: NarratorEngine, num_slots: int, settings: StreamSettings, prompt_version: str
    ) -> None:
        self._engine = engine
        self._slots = StreamSlots(engine, num_slots, settings)
        self._reporter = SessionReporter(prompt_version)
        self._partitions: list[OwnedPartition] = []
        self._busy: dict[NarratedStream, OwnedPartition] = {}
        self._num_steps = 0
        self._check_due_at_s = -inf

    @property
    def has_work(self) -> bool:
        """A step would do something now."""
        return bool(self._busy)

    def adopt(self, owned: OwnedPartition) -> None:
        """Narrate a partition from now on."""
        self._partitions.append(owned)

    def receive(
        self,
        owned: OwnedPartition,
        batch: RecordBatch,
        features: NDArray[np.float32] | None,
        ticket: Ticket,
    ) -> None:
        """Take a batch in; see OwnedPartition.receive."""
        if owned.lost_because:
            ticket.refuse()
            return
        for stream in owned.receive(batch, features, ticket):
            self._busy[stream] = owned

    def snapshot_all(self) -> None:
        """Write down the state of every stream that has moved on."""
        self._clear_lost()
        for owned in self._partitions:
            for stream in owned.streams.values():
                if stream.is_open:
                    self._slots.snapshot(stream, owned.session)

    def step(self) -> None:
        """One round: advance every stream that has a frame, end those that end, write down what is due."""
        self._clear_lost()
        turns, endings = self._choose()
        if turns:
            self._num_steps += 1
            outcomes = self._engine.step([turn.frame() for turn in turns])
            for turn, outcome in zip(turns, outcomes, strict=True):
                turn.stream.last_step = self._num_steps
                self._reporter.stepped(turn.stream, turn.work, turn.owned, outcome)
                is_over = turn.work.ends_stream and not turn.work.has_frames_left
                if not is_over and turn.owned.session.snapshot_due(turn.stream.name):
                    self._slots.snapshot(turn.stream, turn.owned.session)
        for ending in endings:
            last_words = self._engine.end_stream(ending.stream.name, ending.end_time_ns)
            self._slots.close(ending.stream)
            self._reporter.ended(ending.stream, ending.work, ending.owned, last_words)
        self._snapshot_due()

    def _clear_lost(self) -> None:
        for owned in [owned for owned in self._partitions if owned.lost_because]:
            self._partitions.remove(owned)
            for stream in owned.streams.values():
                self._slots.close(stream)
                self._busy.pop(stream, None)
            owned.clear()

    def _choose(self) -> tuple[list[_Turn], list[_Turn]]:
        """The next frame of every stream that has one, and the streams that end here.

        A stream for which there is no slot keeps waiting.
        """
        turns: list[_Turn] = []
        endings: list[_Turn] = []
        for stream, owned in list(self._busy.items()):
            work = self._next_work(stream, owned)
            if work is None:
                del self._busy[stream]
            elif self._slots.open(stream, owned.session):
                (turns if work.has_frames_left else endings).append(_Turn(stream, work, owned))
        return turns, endings

    def _next_work(self, stream: NarratedStream, owned: OwnedPartition) -> Work | None:
        """The stream's first record that needs the engine; deals with those before it that do not."""
        while stream.waiting:
            work = stream.waiting[0]
            if isinstance(work.entry, DeadLetterEntry):
                self._reporter.refused(stream, work.entry, owned)
            elif work.has_frames_left and owned.is_done(stream, work.position):
                self._reporter.passed_over(stream, work, owned)
            else:
                return work
        return None

    def _snapshot_due(self) -> None:
        now_s = time.monotonic()
        if now_s < self._check_due_at_s:
            return
        self._check_due_at_s = now_s + DUE_CHECK_S
        for owned in self._partitions:
            for name in owned.session.due_streams():
                stream = owned.streams.get(name)
                if stream is not None and stream.is_open:
                    self._slots.snapshot(stream, owned.session)
