"""Which streams the engine holds: opened for their next frame, put away when their slot is needed."""

import logging

from operators.errors import EngineError
from operators.narrator.engine import NarratorEngine
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.snapshot import StreamSnapshot
from pipeline.commit.session import PartitionSession
from pipeline.narrator.stream import NarratedStream

_log = logging.getLogger(__name__)

CHECK_STREAM = "settings check"
"""Opened once to see whether the settings fit the model; the id of no stream has a blank."""


class StreamSlots:
    """Only for the engine's thread.

    Args:
        engine: The engine.
        num_slots: Streams that it can hold.
        settings: How every stream is narrated.

    Raises:
        EngineError: The settings do not fit the model.
    """

    def __init__(self, engine: NarratorEngine, num_slots: int, settings: StreamSettings) -> None:
        self._engine = engine
        self._num_slots = num_slots
        self._settings = settings
        self._open: dict[str, tuple[NarratedStream, PartitionSession]] = {}
        self._complained = False
        engine.open_stream(CHECK_STREAM, settings)
        engine.close_stream(CHECK_STREAM)

    def open(self, stream: NarratedStream, session: PartitionSession) -> bool:
        """See to it that the engine holds a stream; False if every slot is taken by a stream with work."""
        if stream.is_open:
            return True
        if len(self._open) >= self._num_slots and not self._make_room():
            return False
        snapshot = None
        try:
            if stream.snapshot is not None:
                snapshot = StreamSnapshot.from_bytes(stream.snapshot)
            self._engine.open_stream(stream.name, self._settings, snapshot)
        except EngineError as error:
            if stream.snapshot is None:
                raise
            # For example another prompt than before: the stream must go on, and its events stay unique.
            _log.error("stream %s: its memory is not usable and begins anew: %s", stream.name, error)
            stream.begin_anew()
            self._engine.open_stream(stream.name, self._settings)
        stream.snapshot = None
        stream.is_open = True
        self._open[stream.name] = (stream, session)
        return True

    def close(self, stream: NarratedStream) -> None:
        """Forget a stream's state."""
        if stream.is_open:
            self._engine.close_stream(stream.name)
            del self._open[stream.name]
            stream.is_open = False

    def snapshot(self, stream: NarratedStream, session: PartitionSession) -> None:
        """Write an open stream's state down for the next commit, if it has moved on since the last time."""
        if stream.position is not None and stream.has_news:
            data = self._engine.snapshot(stream.name).to_bytes()
            session.snapshotted(stream.name, data, stream.position, stream.admission)
            stream.snapshot_position = stream.position

    def _make_room(self) -> bool:
        """Put the least active stream without work away."""
        idle = [(stream, session) for stream, session in self._open.values() if not stream.waiting]
        if not idle:
            if not self._complained:
                self._complained = True
                _log.warning(
                    "%d streams are busy and others wait for a slot: raise live.num_slots or add narrators",
                    self._num_slots,
                )
            return False
        stream, session = min(idle, key=lambda pair: pair[0].last_step)
        self.snapshot(stream, session)
        stream.snapshot = self._engine.snapshot(stream.name).to_bytes()
        self.close(stream)
        return True
