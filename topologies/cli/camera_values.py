"""Settings of cameras as people write and read them on a command line."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from topologies.cli.console import EXIT_USAGE, fail

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.cameras.effective import EffectiveValue
    from pipeline.config import Settings
    from pipeline.messages.camera import CameraSettings


def parse_changes(assignments: Iterable[str], options: Mapping[str, str | None]) -> dict[str, object]:
    """Values by name from `key=value` and from options; ends the command if one is written wrongly.

    An empty value and `null` give a setting back to the topology.
    """
    changes: dict[str, object] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            fail(f"{assignment!r} is no setting.", "Write KEY=VALUE, for example fps=1.", EXIT_USAGE)
        changes[name.strip().replace("-", "_")] = text
    changes |= {name: text for name, text in options.items() if text is not None}
    return {name: _value(name, str(text)) for name, text in changes.items()}


def changed(document: "CameraSettings", changes: Mapping[str, object]) -> "CameraSettings":
    """A document with changes; ends the command with what is wrong if it may not be so."""
    from pipeline.errors import WireError  # noqa: PLC0415
    from pipeline.wire.camera_record import camera_document, camera_settings  # noqa: PLC0415

    try:
        return camera_settings({**camera_document(document), **changes})
    except WireError as error:
        fail(error.message, "See `flownar cameras set --help`.", EXIT_USAGE)


def checked_camera(text: str) -> str:
    """A stream id or `*`; ends the command if it is neither."""
    from pipeline.errors import WireError  # noqa: PLC0415
    from pipeline.wire.camera_record import parse_camera_key  # noqa: PLC0415

    try:
        return parse_camera_key(text.encode())
    except WireError as error:
        fail(error.message, exit_code=EXIT_USAGE)


def topology_values(settings: "Settings") -> dict[str, object]:
    """What is in force where documents leave it open; without values of a model that can't be read."""
    from operators.checkpoints.folder import read_config  # noqa: PLC0415
    from operators.errors import OperatorError  # noqa: PLC0415
    from pipeline.narrator.settings import stream_settings  # noqa: PLC0415

    values: dict[str, object] = {"silent_after_s": settings.live.silent_after_s}
    try:
        config = read_config(settings.model.path)
        streams = stream_settings(settings.narrator, config)
    except OperatorError:
        names = ("fps", "prompt", "theta", "theta_low", "retain_narrations")
        return values | {name: getattr(settings.narrator, name) for name in names}
    return values | {
        "fps": streams.fps,
        "prompt": streams.prompt or config.layout.user_prompt,
        "theta": streams.theta,
        "theta_low": streams.theta_low,
        "retain_narrations": streams.retain_narrations,
    }


def shown(name: str, effective: "EffectiveValue") -> str:
    """A value for people."""
    value = effective.value
    if value is None:
        return "all" if name == "retain_narrations" else "the model's"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, bool | int) else f"{value}"


def camera_json(camera: str, values: "Mapping[str, EffectiveValue]") -> dict[str, object]:
    """What is in force for a camera, for programs."""
    settings = {name: {"value": value.value, "from": str(value.origin)} for name, value in values.items()}
    return {"camera": camera, "settings": settings}


def cameras_table(rows: "Mapping[str, Mapping[str, EffectiveValue]]") -> "Table":
    """What is in force for cameras, for people; a mark says where a value comes from."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    marks = {"own": "", "default": " (d)", "topology": " (t)"}
    table = Table("camera", *next(iter(rows.values())), box=None, pad_edge=False)
    for camera, values in rows.items():
        cells = [shown(name, value) + marks[value.origin] for name, value in values.items()]
        table.add_row(Text(camera), *map(Text, cells))
    return table


def _value(name: str, text: str) -> object:
    if not text.strip():
        return None
    if name == "prompt":
        return None if text.strip() == "null" else text
    try:
        return json.loads(text)
    except ValueError:
        # No JSON; what it should have been is said where it is checked.
        return text
