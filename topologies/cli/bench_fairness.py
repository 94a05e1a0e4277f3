"""`flownar bench fairness`: how late live cameras are while another one floods or is behind."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.bench.options import FairnessOptions
from topologies.cli.console import err, out, print_json

if TYPE_CHECKING:
    from topologies.bench.fairness import PartFigures

SECONDS_HELP = "Length of each of the six parts."
CAMERAS_HELP = "Live cameras."
FPS_HELP = "Frames a second of each."
JSON_HELP = "Print one JSON object."

_DEFAULTS = FairnessOptions()


def register(bench_app: typer.Typer) -> None:
    """Add the command."""
    bench_app.command()(fairness)


def fairness(
    seconds: Annotated[float, typer.Option(help=SECONDS_HELP, min=10.0)] = _DEFAULTS.seconds,
    cameras: Annotated[int, typer.Option(help=CAMERAS_HELP, min=1)] = _DEFAULTS.num_cameras,
    fps: Annotated[float, typer.Option(help=FPS_HELP, min=0.1)] = _DEFAULTS.fps,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Measure how late live cameras are while one sends 100 times its rate, or is an hour behind.

    Kafka, Redis, Ray and a topology are started for it, and stopped again. Before each trouble comes a calm
    part to compare with.

    Examples:

      flownar bench fairness

      flownar bench fairness --seconds 30 --cameras 4 --json
    """
    from topologies.bench.fairness import measure_fairness  # noqa: PLC0415

    options = FairnessOptions(seconds=seconds, num_cameras=cameras, fps=fps)
    figures = measure_fairness(options, lambda line: err.print(line, style="dim"))
    if json:
        print_json({"options": asdict(options), "parts": [asdict(part) for part in figures]})
        return
    print_fairness(figures)


def print_fairness(figures: "Sequence[PartFigures]") -> None:
    """Print a table of the parts; nothing if there are none."""
    if not figures:
        return
    headings = f"{'':32}{'narrations':>11}{'p50 s':>8}{'p95 s':>8}{'x calm':>8}{'its frames':>12}"
    out.print(headings, style="bold", highlight=False)
    for part in figures:
        out.print(
            f"{part.part:32}{part.narrations:>11}{part.p50_s:>8}{part.p95_s:>8}{part.p95_ratio:>8}"
            f"{part.trouble_frames:>12}",
            highlight=False,
        )
