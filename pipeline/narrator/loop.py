"""The narrator's loop: at most one frame of every stream a step, all of them in one batch."""

import time
from math import inf

import numpy as np
from numpy.typing import NDArray

from operators.narrator.engine import NarratorEngine
from pipeline.messages.camera import CameraBook
from pipeline.messages.records import DeadLetterEntry, RecordBatch
from pipeline.narrator.owned_partition import OwnedPartition
from pipeline.narrator.reporter import SessionReporter
from pipeline.narrator.settings import WantedSettings
from pipeline.narrator.settings_change import SettingsChanger
from pipeline.narrator.slots import StreamSlots
from pipeline.narrator.stream import NarratedStream
from pipeline.narrator.turn import Turn
from pipeline.narrator.work import Ticket, Work

DUE_CHECK_S = 2.0
"""How often streams without new frames are asked for a snapshot, and whether they are silent."""

MAX_BEHIND = 2
"""Streams with a backlog that join a step while others are live: each makes the step longer for those."""


class NarratorLoop:
    """All that the engine's thread does; `step` is called again and again. Not thread-safe.

    Args:
        engine: The engine.
        num_slots: Streams that it can hold.
        wanted: How streams are narrated.

    Raises:
        EngineError: The settings do not fit the model.
    """

    def __init__(self, engine: NarratorEngine, num_slots: int, wanted: WantedSettings) -> None:
        self._engine = engine
        self._wanted = wanted
        self._slots = StreamSlots(engine, num_slots, wanted)
        self._settings = SettingsChanger(engine, wanted)
        self._reporter = SessionReporter()
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

    def set_cameras(self, book: CameraBook) -> None:
        """Use these documents of the cameras; each stream does so from its next segment on."""
        self._wanted.set_book(book)

    def hand_over(self, owned: OwnedPartition) -> None:
        """Narrate nothing more of a partition, and write its streams' states down for its last commit."""
        owned.is_retired = True
        if owned in self._partitions and not owned.lost_because:
            for stream in owned.streams.values():
                self._slots.snapshot(stream, owned.session)
            self._drop(owned)

    def receive(
        self,
        owned: OwnedPartition,
        batch: RecordBatch,
        features: NDArray[np.float32] | None,
        ticket: Ticket,
    ) -> None:
        """Take a batch in; see OwnedPartition.receive."""
        if owned.lost_because or owned.is_retired:
            ticket.refuse()
            return
        for stream in owned.receive(batch, features, ticket):
            self._busy[stream] = owned

    def snapshot_all(self) -> None:
        """Write down the state of every stream that has moved on."""
        self._clear_lost()
        for owned in self._partitions:
            for stream in owned.streams.values():
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
                prompt_version = self._settings.prompt_version(turn.stream)
                new_settings = self._settings.after(turn.stream, outcome)
                self._reporter.stepped(
                    turn.stream, turn.work, turn.owned, outcome, prompt_version, new_settings
                )
                is_over = turn.work.ends_stream and not turn.work.has_frames_left
                if not is_over and turn.owned.session.snapshot_due(turn.stream.name):
                    self._slots.snapshot(turn.stream, turn.owned.session)
        for ending in endings:
            self._end(ending)
        self._look_after_quiet_streams()

    def _end(self, ending: Turn) -> None:
        """A stream ends behind its frames: its open segment is narrated."""
        stream = ending.stream
        outcome = self._engine.end_stream(stream.name, ending.end_time_ns)
        leaves_frames = outcome is None and self._engine.has_open_segment(stream.name)
        prompt_version = self._settings.prompt_version(stream)
        self._slots.close(stream)
        last_words = None if outcome is None else outcome.narration
        self._reporter.ended(
            stream, ending.work, ending.owned, last_words, prompt_version, leaves_frames=leaves_frames
        )

    def _clear_lost(self) -> None:
        for owned in [owned for owned in self._partitions if owned.lost_because]:
            self._drop(owned)

    def _drop(self, owned: OwnedPartition) -> None:
        self._partitions.remove(owned)
        for stream in owned.streams.values():
            self._slots.close(stream)
            self._busy.pop(stream, None)
        owned.clear()

    def _choose(self) -> tuple[list[Turn], list[Turn]]:
        """The next frame of every stream that has one, and the streams that end here.

        A stream for which there is no slot keeps waiting, and so do most of those with a backlog while
        others are live.
        """
        turns: list[Turn] = []
        endings: list[Turn] = []
        behind = [stream for stream in self._busy if stream.is_behind]
        live = [stream for stream in self._busy if not stream.is_behind]
        allowed = behind[:MAX_BEHIND] if live else behind
        for stream in (*live, *allowed):
            owned = self._busy[stream]
            work = self._next_work(stream, owned)
            if work is None:
                del self._busy[stream]
            elif self._slots.open(stream, owned.session) and not owned.is_done(stream, work):
                (turns if work.has_frames_left else endings).append(Turn(stream, work, owned))
        for stream in allowed:
            if stream in self._busy:
                # To the end of the line, so that all of them have their turn.
                self._busy[stream] = self._busy.pop(stream)
        return turns, endings

    def _next_work(self, stream: NarratedStream, owned: OwnedPartition) -> Work | None:
        """The stream's first record that needs the engine; deals with those before it that do not."""
        while stream.waiting:
            work = stream.waiting[0]
            if isinstance(work.entry, DeadLetterEntry):
                self._reporter.refused(stream, work.entry, owned)
                continue
            if not work.has_begun:
                self._reporter.began(stream, work, owned)
            if owned.is_done(stream, work):
                self._reporter.passed_over(stream, work, owned)
            elif work.has_frames_left and not work.is_kept:
                self._reporter.left_out(stream, work, owned)
            else:
                return work
        return None

    def _look_after_quiet_streams(self) -> None:
        """Write down what is due of streams that no frame comes from, and notice those that are silent."""
        now_s = time.monotonic()
        if now_s < self._check_due_at_s:
            return
        self._check_due_at_s = now_s + DUE_CHECK_S
        for owned in self._partitions:
            for name in owned.session.due_streams():
                stream = owned.streams.get(name)
                if stream is not None:
                    self._slots.snapshot(stream, owned.session)
            self._notice_silence(owned)

    def _notice_silence(self, owned: OwnedPartition) -> None:
        """Tell what was silent when the reader last had everything: frames may have come since then."""
        for stream in owned.streams.values():
            if stream.ended or stream.is_silent or stream.waiting or stream.admission is None:
                continue
            if owned.caught_up_s - stream.last_record_s >= self._wanted.silent_after_s(stream.name):
                stream.is_silent = True
                owned.session.events.fell_silent(stream.name, stream.admission.epoch, stream.last_capture_ns)
