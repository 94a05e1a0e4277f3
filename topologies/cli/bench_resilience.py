"""`flownar bench resilience`: what outages of Kafka and Redis cost, and how fair overload is."""

from dataclasses import asdict
from typing import Annotated

import typer

from topologies.bench.options import FairnessOptions, ResilienceOptions
from topologies.cli.bench_fairness import print_fairness
from topologies.cli.console import EXIT_FAILED, EXIT_USAGE, err, fail, out, print_json

OUTAGE_HELP = "Length of each outage in seconds."
CAMERAS_HELP = "Cameras."
FPS_HELP = "Frames a second of each."
ONLY_HELP = "Only this outage (repeatable)."
FAIRNESS_HELP = "Measure also how late cameras are while one floods or is behind."
JSON_HELP = "Print one JSON object."

_DEFAULTS = ResilienceOptions()


def register(bench_app: typer.Typer) -> None:
    """Add the command."""
    bench_app.command()(resilience)


def resilience(
    outage: Annotated[float, typer.Option(help=OUTAGE_HELP, min=1.0)] = _DEFAULTS.outage_s,
    cameras: Annotated[int, typer.Option(help=CAMERAS_HELP, min=1)] = _DEFAULTS.num_cameras,
    fps: Annotated[float, typer.Option(help=FPS_HELP, min=0.1)] = _DEFAULTS.fps,
    only: Annotated[list[str] | None, typer.Option(help=ONLY_HELP, metavar="NAME")] = None,
    fairness: Annotated[bool, typer.Option("--fairness/--no-fairness", help=FAIRNESS_HELP)] = True,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Take Kafka and Redis away from a running topology in every way, and see what it costs.

    Kafka, Redis, Ray and a topology are started for it, and stopped again. A checker that reads only the
    topics tells what was lost or doubled. Then it is measured how late cameras are while another one sends
    100 times its rate or is an hour behind.

    Examples:

      flownar bench resilience --json

      flownar bench resilience --outage 10 --only "broker away" --no-fairness
    """
    from topologies.bench.fairness import measure_fairness  # noqa: PLC0415
    from topologies.bench.outages import all_outages  # noqa: PLC0415
    from topologies.bench.resilience import measure_resilience  # noqa: PLC0415

    known = [each.name for each in all_outages()]
    for name in only or ():
        if name not in known:
            fail(f"There is no outage {name!r}.", f"There are: {', '.join(known)}", EXIT_USAGE)

    def say(line: str) -> None:
        err.print(line, style="dim", highlight=False)

    options = ResilienceOptions(outage, cameras, fps, tuple(only or ()))
    figures = measure_resilience(options, say)
    parts = measure_fairness(FairnessOptions(), say) if fairness else []
    if json:
        outages = [asdict(each) for each in figures]
        print_json({"options": asdict(options), "outages": outages, "fairness": [asdict(p) for p in parts]})
    else:
        headings = ("outage s", "back s", "pause s", "narrations", "lost", "doubled", "wrong", "faults")
        out.print(f"{'':20}" + "".join(f"{h:>11}" for h in headings), style="bold", highlight=False)
        for row in figures:
            values = (row.outage_s, row.back_after_s, row.longest_pause_s, row.narrations)
            counts = (row.lost, row.doubled, row.wrong, row.faults)
            out.print(f"{row.scenario:20}" + "".join(f"{v:>11}" for v in values + counts), highlight=False)
        print_fairness(parts)
    if any(row.lost or row.doubled or row.wrong for row in figures):
        raise typer.Exit(EXIT_FAILED)
