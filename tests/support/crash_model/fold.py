"""What the state of a stream must be: the fold of exactly the frames and narrations before a position."""

from __future__ import annotations

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.recovered import RecoveredPartition
from pipeline.wire.narration_event import NarrationEvent
from tests.support.crash_model.cameras import Cameras, Sent, take_in
from tests.support.crash_model.promises import require
from tests.support.crash_model.readers import StreamLog
from tests.support.crash_model.toy_stream import Memory, is_unusable


class Fold:
    """One stream as one process must have seen it: from the state that its takeover found.

    Args:
        process: Number of the process.
        stream: Stream id.
        recovery: What its takeover found.
        cameras: All frames.
        log: What was told of the stream.
    """

    def __init__(
        self,
        process: int,
        stream: str,
        recovery: RecoveredPartition,
        cameras: Cameras,
        log: StreamLog,
    ) -> None:
        self._process = process
        self._stream = stream
        self._cameras = cameras
        self._log = log
        self._recovery = recovery
        recovered = recovery.streams.get(stream)
        self._covered = recovered.covered if recovered else FramePosition(-1)
        self._admission = recovered.admission if recovered else None
        snapshot = recovered.snapshot if recovered else None
        self._memory = Memory() if snapshot is None else Memory.of(snapshot)
        self._is_unusable = snapshot is not None and is_unusable(process, stream)
        self._passed = self._covered
        self._states = {self._covered: self._memory.state}
        self._next = 0
        self._next_frame = 0
        self._has_begun = False

    def state_at(self, position: FramePosition) -> int | None:
        """The state behind a frame; None if the process has not seen the frame."""
        offsets = self._cameras.of_stream[self._stream]
        while self._next < len(offsets):
            offset = offsets[self._next]
            if FramePosition(offset) > position or not self._take(offset, position):
                break
            self._next, self._next_frame, self._has_begun = self._next + 1, 0, False
        return self._states.get(position)

    def check_last_words(self, event: NarrationEvent) -> None:
        """The stream ended, and this was said of its open segment."""
        self.state_at(event.narration.end)
        require(self._memory.last == event.narration.end, "last words are about the last frame", event)
        self._check(event)
        self._memory.say(event.narration.token_ids, _settings_after(event.narration))

    def _take(self, offset: int, through: FramePosition) -> bool:
        """Take the next record; returns False if it reaches beyond `through`."""
        sent = self._cameras.sent[offset]
        if offset < max(self._recovery.position, self._recovery.needed_from(self._stream)):
            return True
        if not self._has_begun and offset != self._covered.offset:
            self._admission, code = take_in(self._admission, sent, offset)
            if code is not None:
                return True
        self._has_begun = True
        for position in sent.positions(offset)[self._next_frame :]:
            if position > through:
                return False
            self._next_frame = position.index + 1
            if position > self._covered:
                self._show(position)
        if sent.ends:
            if through <= sent.last_position(offset):
                # Its end has its turn after its frames, and is not seen before something comes of it.
                return False
            self._end(sent, offset)
        return True

    def _show(self, position: FramePosition) -> None:
        memory, event = self._memory, self._log.said.get(position)
        if position not in self._log.left_out:
            self._try_to_go_on()
            memory = self._memory
            if position <= self._passed:
                return
            if not memory.state:
                memory.open(self._settings_at_first(position))
            memory.show(position)
            # Its own last words come with the end of the stream; those of another process were repeated here.
            if event is not None and not (self._is_own(event) and event.narration.forced):
                if self._is_own(event):
                    self._check(event)
                memory.say(event.narration.token_ids, _settings_after(event.narration))
        self._states[position] = memory.state

    def _settings_at_first(self, position: FramePosition) -> str:
        event, recovered = self._log.said.get(position), self._recovery.streams.get(self._stream)
        if event is not None:
            return event.prompt_version
        is_told = self._log.is_partly_deleted and recovered is not None and recovered.settings is not None
        require(is_told, "the first frame of a stream is narrated", self._stream, position)
        assert recovered is not None
        return recovered.settings or ""

    def _try_to_go_on(self) -> None:
        """What comes of the recovered state when it is needed first."""
        if self._is_unusable:
            journal = self._recovery.streams[self._stream].journal
            self._memory, self._is_unusable = Memory(), False
            self._passed = max(self._passed, *(segment.end for segment in journal), self._passed)

    def _end(self, sent: Sent, offset: int) -> None:
        self._try_to_go_on()
        memory = self._memory
        is_told = memory.start is None or sent.last_position(offset) in self._log.unnarrated
        require(is_told, "an ended stream has no frames that nothing was said of", self._stream, offset)
        self._memory = Memory()

    def _check(self, event: NarrationEvent) -> None:
        memory, narration = self._memory, event.narration
        require(
            narration.token_ids[0] == memory.state, "a narration is made from the fold of its stream", event
        )
        found = (narration.segment, narration.start, narration.num_frames, event.prompt_version)
        wanted = (memory.segment, memory.start, memory.num_open, memory.settings)
        require(found == wanted, "a narration says which segment it is about", found, wanted)

    def _is_own(self, event: NarrationEvent) -> bool:
        return maker_of(event) == self._process


def maker_of(event: NarrationEvent) -> int:
    """Number of the process that made a narration."""
    return event.narration.token_ids[1]


def _settings_after(narration: Narration) -> str:
    return str(narration.token_ids[2])
