"""How streams are narrated: as the model was trained, changed by the user's and the camera's settings."""

import hashlib
import json
from dataclasses import asdict, replace

from operators.checkpoints.config import FlowNarConfig
from operators.narrator.streams.settings import StreamSettings
from pipeline.config import NarratorSettings
from pipeline.messages.camera import CameraBook, CameraSettings

_OF_CAMERA = ("prompt", "theta", "theta_low", "retain_narrations")


class WantedSettings:
    """How streams are to be narrated from their next segment on. Only for the engine's thread.

    Args:
        narrator: The user's settings.
        config: The model's.
        silent_after_s: A camera without a record for so long is silent, unless its settings say otherwise.

    Raises:
        EngineError: A value is out of range.
    """

    def __init__(self, narrator: NarratorSettings, config: FlowNarConfig, silent_after_s: float) -> None:
        self.default = stream_settings(narrator, config)
        self._model_prompt = config.layout.user_prompt
        self._silent_after_s = silent_after_s
        self._book = CameraBook()
        self._by_camera: dict[CameraSettings, StreamSettings] = {}

    def set_book(self, book: CameraBook) -> None:
        """Use these documents of the cameras from now on."""
        self._book = book
        self._by_camera.clear()

    def of(self, stream: str) -> StreamSettings:
        """Settings that a stream is to have.

        Raises:
            EngineError: A value of the camera's document is out of range.
        """
        camera = self._book.of(stream)
        settings = self._by_camera.get(camera)
        if settings is None:
            own = {name: getattr(camera, name) for name in _OF_CAMERA}
            wanted = {name: value for name, value in own.items() if value is not None}
            settings = self._by_camera[camera] = replace(self.default, **wanted)
        return settings

    def silent_after_s(self, stream: str) -> float:
        """Seconds without a record after which a stream counts as silent."""
        own = self._book.of(stream).silent_after_s
        return self._silent_after_s if own is None else own

    def prompt_version(self, settings: StreamSettings) -> str:
        """Tells prompts apart: 8 hex digits over the text of the prompt in force."""
        prompt = settings.prompt or self._model_prompt
        return hashlib.sha256(prompt.encode()).hexdigest()[:8]


def stream_settings(narrator: NarratorSettings, config: FlowNarConfig) -> StreamSettings:
    """Settings of a stream whose camera has none of its own.

    Args:
        narrator: The user's; None keeps the model's value.
        config: The model's.

    Raises:
        EngineError: A value is out of range.
    """
    wanted = {name: value for name, value in narrator.model_dump().items() if value is not None}
    return replace(StreamSettings.from_config(config), **wanted)


def settings_to_json(settings: StreamSettings) -> str:
    """Settings as checkpoints remember them."""
    return json.dumps(asdict(settings), separators=(",", ":"))


def settings_from_json(text: str) -> StreamSettings:
    """What `settings_to_json` wrote.

    Raises:
        TypeError, ValueError, EngineError: It is something else.
    """
    return StreamSettings(**json.loads(text))
