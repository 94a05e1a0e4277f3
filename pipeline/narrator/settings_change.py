"""Streams change their settings with a narration, and a replay changes them with the same one."""

import logging

from operators.errors import EngineError
from operators.narrator.engine import NarratorEngine
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FrameOutcome
from pipeline.narrator.settings import WantedSettings, settings_from_json, settings_to_json
from pipeline.narrator.stream import NarratedStream

_log = logging.getLogger(__name__)


class SettingsChanger:
    """Only for the engine's thread.

    Args:
        engine: The engine.
        wanted: How streams are to be narrated.
    """

    def __init__(self, engine: NarratorEngine, wanted: WantedSettings) -> None:
        self._engine = engine
        self._wanted = wanted

    def prompt_version(self, stream: NarratedStream) -> str:
        """Which prompt is in force; "" for a stream that was never opened."""
        return "" if stream.settings is None else self._wanted.prompt_version(stream.settings)

    def after(self, stream: NarratedStream, outcome: FrameOutcome) -> str | None:
        """Change the settings of a stream that has just narrated, if others are wanted.

        Returns:
            The settings from here on (JSON), if they change here; None while the stream repeats what is
            committed, for that says it already.
        """
        if outcome.narration is None:
            return None
        if outcome.replayed:
            committed = stream.journal[outcome.position].settings
            if committed is not None:
                self._change(stream, settings_from_json(committed))
            return None
        wanted = self._wanted.of(stream.name)
        if wanted in (stream.settings, stream.refused_settings):
            return None
        return settings_to_json(wanted) if self._change(stream, wanted) else None

    def _change(self, stream: NarratedStream, settings: StreamSettings) -> bool:
        try:
            self._engine.change_settings(stream.name, settings)
        except EngineError as error:
            _log.error("stream %s: goes on with the settings that it has: %s", stream.name, error)
            stream.refused_settings = settings
            return False
        stream.settings = settings
        return True
