"""`flownar cameras`: how single cameras are narrated, changed while they run."""

from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli.camera_values import (
    camera_json,
    cameras_table,
    changed,
    checked_camera,
    parse_changes,
    shown,
    topology_values,
)
from topologies.cli.console import EXIT_USAGE, fail, out, print_json

if TYPE_CHECKING:
    from pipeline.config import Settings
    from pipeline.messages.camera import CameraSettings

CAMERA_HELP = "Stream id, or '*' for all cameras without settings of their own."
JSON_HELP = "Print one JSON object."
CHANGES_HELP = (
    "enabled, priority (0 to 9), fps, prompt, theta, theta_low, retain_narrations, silent_after_s. "
    "An empty value gives one back to the topology."
)

cameras_app = typer.Typer(
    name="cameras", help="See and change how single cameras are narrated.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(cameras_app)


@cameras_app.command("list")
def list_cameras(json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False) -> None:
    """List all cameras that have settings, and the default: what is in force, and where it comes from.

    Without a mark a value is the camera's own; (d) marks the default's, (t) the topology's or the model's.

    Examples:

      flownar cameras list

      flownar cameras list --json | jq '.cameras[] | select(.settings.enabled.value | not) | .camera'
    """
    from pipeline.cameras.editor import read_documents  # noqa: PLC0415
    from pipeline.cameras.effective import effective_settings  # noqa: PLC0415
    from pipeline.messages.camera import DEFAULT_CAMERA  # noqa: PLC0415

    settings = _settings()
    documents, topology = read_documents(settings), topology_values(settings)
    names = [DEFAULT_CAMERA, *(camera for camera in documents.cameras if camera != DEFAULT_CAMERA)]
    rows = {camera: effective_settings(documents, camera, topology) for camera in names}
    if json:
        print_json({"cameras": [camera_json(camera, values) for camera, values in rows.items()]})
        return
    out.print(cameras_table(rows), soft_wrap=False)


@cameras_app.command()
def show(
    camera: Annotated[str, typer.Argument(help=CAMERA_HELP, show_default=False)],
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Show what is in force for one camera, and where each value comes from.

    Examples:

      flownar cameras show dock-7

      flownar cameras show '*' --json
    """
    from pipeline.cameras.editor import read_documents  # noqa: PLC0415
    from pipeline.cameras.effective import effective_settings  # noqa: PLC0415

    settings = _settings()
    name = checked_camera(camera)
    values = effective_settings(read_documents(settings), name, topology_values(settings))
    if json:
        print_json(camera_json(name, values))
        return
    for key, value in values.items():
        out.print(f"{key:<18} {shown(key, value)}  ({value.origin})", markup=False, highlight=False)


@cameras_app.command("set")
def set_camera(
    camera: Annotated[str, typer.Argument(help=CAMERA_HELP, show_default=False)],
    changes: Annotated[
        list[str] | None, typer.Argument(help=CHANGES_HELP, metavar="[KEY=VALUE]...", show_default=False)
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="The instruction to the model.")] = None,
    fps: Annotated[str | None, typer.Option(help="Frames per second that are narrated.")] = None,
    priority: Annotated[str | None, typer.Option(help="0 to 9; high ones lose frames last.")] = None,
    theta: Annotated[str | None, typer.Option(help="Threshold after an average segment.")] = None,
    theta_low: Annotated[str | None, typer.Option(help="Threshold before that.")] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Change settings of a camera; the others stay as they are.

    fps, priority and enabled count from the next frame on, the others from the next segment on. The first
    change of a camera copies what is in the default's document.

    Examples:

      flownar cameras set dock-7 fps=1 priority=9

      flownar cameras set dock-7 --prompt "Tell what the forklift does."

      flownar cameras set '*' theta=0.7 theta_low=0.4

      flownar cameras set dock-7 fps=
    """
    options = {"prompt": prompt, "fps": fps, "priority": priority, "theta": theta, "theta_low": theta_low}
    wanted = parse_changes(changes or (), options)
    if not wanted:
        fail("There is nothing to set.", "Write KEY=VALUE, for example fps=1.", EXIT_USAGE)
    _change(camera, wanted, json=json)


@cameras_app.command()
def disable(
    camera: Annotated[str, typer.Argument(help=CAMERA_HELP, show_default=False)],
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Narrate a camera no more: its frames are left out, and that is told.

    Examples:

      flownar cameras disable dock-7
    """
    _change(camera, {"enabled": False}, json=json)


@cameras_app.command()
def enable(
    camera: Annotated[str, typer.Argument(help=CAMERA_HELP, show_default=False)],
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Narrate a camera again.

    Examples:

      flownar cameras enable dock-7
    """
    _change(camera, {"enabled": True}, json=json)


@cameras_app.command()
def unset(
    camera: Annotated[str, typer.Argument(help=CAMERA_HELP, show_default=False)],
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Take all settings of a camera away: the default's hold again, or the topology's.

    Examples:

      flownar cameras unset dock-7
    """
    _write(_settings(), checked_camera(camera), None, json=json)


def _change(camera: str, changes: dict[str, object], *, json: bool) -> None:
    from pipeline.cameras.editor import read_documents  # noqa: PLC0415
    from pipeline.messages.camera import DEFAULT_CAMERA, CameraSettings  # noqa: PLC0415

    name = checked_camera(camera)
    for key, value in changes.items():
        # Before a broker is asked for anything: what is wrong in itself is said at once.
        changed(CameraSettings(), {key: value})
    settings = _settings()
    documents = read_documents(settings)
    document = documents.document(name) or documents.document(DEFAULT_CAMERA) or CameraSettings()
    _write(settings, name, changed(document, changes), json=json)


def _write(settings: "Settings", camera: str, document: "CameraSettings | None", *, json: bool) -> None:
    from pipeline.cameras.editor import CameraWriter  # noqa: PLC0415
    from pipeline.wire.camera_record import camera_document  # noqa: PLC0415

    with CameraWriter(settings) as writer:
        writer.write(camera, document)
    values = None if document is None else camera_document(document)
    if json:
        print_json({"camera": camera, "document": values})
    else:
        text = "none" if values is None else ", ".join(f"{key}={value}" for key, value in values.items())
        out.print(f"{camera}: {text}", markup=False, highlight=False)


def _settings() -> "Settings":
    from pipeline.config import load_settings  # noqa: PLC0415

    return load_settings().settings
