"""Which streams the engine holds: opened for their next frame, put away when their slot is needed."""

import logging

from operators.errors import EngineError
from operators.narrator.engine import NarratorEngine
from operators.narrator.streams.snapshot import StreamSnapshot
from pipeline.commit.session import PartitionSession
from pipeline.messages.events import Fault, FaultKind
from pipeline.narrator.settings import WantedSettings, settings_from_json, settings_to_json
from pipeline.narrator.stream import NarratedStream

_log = logging.getLogger(__name__)

CHECK_STREAM = "settings check"
"""Opened once to see whether the settings fit the model; the id of no stream has a blank."""


class StreamSlots:
    """Only for the engine's thread.

    Args:
        engine: The engine.
        num_slots: Streams that it can hold.
        wanted: How streams are narrated.

    Raises:
        EngineError: The settings do not fit the model.
    """

    def __init__(self, engine: NarratorEngine, num_slots: int, wanted: WantedSettings) -> None:
        self._engine = engine
        self._num_slots = num_slots
        self._wanted = wanted
        self._open: dict[str, tuple[NarratedStream, PartitionSession]] = {}
        self._complained = False
        engine.open_stream(CHECK_STREAM, wanted.default)
        engine.close_stream(CHECK_STREAM)

    def open(self, stream: NarratedStream, session: PartitionSession) -> bool:
        """See to it that the engine holds a stream; False if every slot is taken by a stream with work."""
        if stream.is_open:
            return True
        if len(self._open) >= self._num_slots and not self._make_room():
            return False
        if stream.snapshot is None or not self._continue(stream, stream.snapshot, session):
            self._begin(stream, session)
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
        """Write a stream's state down for the next commit, if it has moved on or the last one was lost."""
        if stream.position is not None and (stream.has_news or session.snapshot_due(stream.name)):
            data = self._engine.snapshot(stream.name).to_bytes() if stream.is_open else stream.snapshot
            session.snapshotted(stream.name, data, stream.position, stream.admission)
            stream.snapshot_position = stream.position

    def _continue(self, stream: NarratedStream, data: bytes, session: PartitionSession) -> bool:
        """Open a stream where a snapshot was taken, by the settings of then; False if that is impossible."""
        try:
            snapshot = StreamSnapshot.from_bytes(data)
            self._engine.open_stream(stream.name, snapshot.settings, snapshot)
        except EngineError as error:
            # For example a snapshot of an older format: the stream must go on, and its events stay unique.
            _log.error("stream %s: its memory is not usable and begins anew: %s", stream.name, error)
            epoch = stream.admission.epoch if stream.admission else 0
            message = f"The stream goes on with an empty memory: {error}"
            fault = Fault(FaultKind.MEMORY_LOST, epoch, message, stream.last_capture_ns)
            passed = session.events.memory_lost(stream.name, fault)
            stream.begin_anew()
            stream.narrated_through = passed
            return False
        stream.settings = snapshot.settings
        return True

    def _begin(self, stream: NarratedStream, session: PartitionSession) -> None:
        """Open a stream as a new one, by the settings that a replay must repeat, else by the wanted ones."""
        if stream.first_settings is not None:
            settings = settings_from_json(stream.first_settings)
        else:
            settings = self._wanted.of(stream.name)
        try:
            self._engine.open_stream(stream.name, settings)
        except EngineError as error:
            if settings == self._wanted.default:
                raise
            _log.error("stream %s: the settings of its camera are not used: %s", stream.name, error)
            stream.refused_settings, settings = settings, self._wanted.default
            self._engine.open_stream(stream.name, settings)
        session.opened(stream.name, settings_to_json(settings))
        stream.settings = settings

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
