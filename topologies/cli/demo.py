"""`flownar demo`: four cameras narrated live, and everything checked."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from topologies.cli.console import EXIT_FAILED, err, out, print_json

KILL_HELP = "Kill the process of one of these with SIGKILL in the middle: the demo must still pass."
KEEP_HELP = "Leave everything running, for exploring."
SECONDS_HELP = "Length of each camera's video (60 is what the checks are made for)."
OUT_HELP = "Folder of the captioned videos."


class Killed(StrEnum):
    """Which actor's process is killed."""

    NARRATOR = "narrator"
    ENCODER = "encoder"
    READER = "reader"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    kill: Annotated[Killed | None, typer.Option(help=KILL_HELP, show_default=False)] = None,
    keep: Annotated[bool, typer.Option("--keep", help=KEEP_HELP)] = False,
    seconds: Annotated[float, typer.Option(help=SECONDS_HELP, min=30.0, max=3600.0)] = 60.0,
    out_dir: Annotated[Path, typer.Option("--out", help=OUT_HELP)] = Path("out/demo"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
) -> None:
    """Narrate four cameras live through a real Kafka, Redis and Ray, and check every narration.

    One camera sends H.264, and one sends broken records as well. Passes (exit code 0) only if
    the narrations are right often enough, every broken record became a dead letter, and nothing
    is lost or doubled. Runs beside whatever else runs on this machine, and leaves nothing behind
    but the captioned videos.

    Examples:

      flownar demo

      flownar demo --kill narrator

      flownar demo --keep
    """
    from topologies.demo import screen  # noqa: PLC0415
    from topologies.demo.cameras import CAMERAS  # noqa: PLC0415
    from topologies.demo.films import write_films  # noqa: PLC0415
    from topologies.demo.play import play  # noqa: PLC0415
    from topologies.demo.settings import DemoOptions, demo_settings  # noqa: PLC0415

    def say(line: str) -> None:
        err.print(f"[bold]{line}[/]", highlight=False)

    options = DemoOptions(seconds, None if kill is None else kill.value, keep, out_dir)
    settings = demo_settings()
    streams = [camera.stream for camera in CAMERAS]
    shown = err if json else out
    report = play(
        settings,
        options,
        say,
        lambda seen, start_ns: screen.show_narration(shown, seen, streams, start_ns),
    )
    say("writing captioned videos")
    films = write_films(out_dir, report.seen, seconds)
    screen.show_results(shown, report.results, films)
    for problem in report.problems:
        shown.print(f"[bold red]{problem}[/]", highlight=False)
    if json:
        extra = {
            "passed": report.passed,
            "first_narration_s": round(report.first_narration_s, 1),
            "problems": list(report.problems),
            "films": {stream: str(path) for stream, path in films.items()},
        }
        print_json(screen.results_json(report.results, extra))
    else:
        screen.show_verdict(shown, report.results, passed=report.passed)
    if keep:
        screen.show_next_steps(err, settings.state_dir)
    if not report.passed:
        raise typer.Exit(EXIT_FAILED)
