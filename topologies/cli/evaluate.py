"""`flownar evaluate`: how well a model narrates videos that it has never seen."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli.console import EXIT_USAGE, err, fail, out, print_json

if TYPE_CHECKING:
    from topologies.evaluation_report import EvaluationReport

WORLD_HELP = "Seeds, first:last, both included: below 100000 training, from 200000 test videos."
SECONDS_HELP = "Length of every video."
MODEL_HELP = "Model folder; the one in the settings if left out."
HISTORY_HELP = (
    "What the model sees of the past; its own memory if left out. For comparison: none, recent:FRAMES, "
    "kmeans:TOKENS, moviechat:FRAMES, retain_all."
)
RETAIN_HELP = "Narrations that stay visible, 0 for none; all if left out."
FPS_HELP = "Frames per second; the model's own if left out."
THETA_HELP = "Threshold on p(skip) once an average segment has passed; the model's own if left out."
THETA_LOW_HELP = "Threshold before that; the model's own if left out."
WORKERS_HELP = "Processes that render the videos; one per core if left out."
JSON_HELP = "Print one JSON object: f1, needs_memory_right, narrations, and a row per video under videos."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(evaluate)


def evaluate(
    world: Annotated[str, typer.Option(help=WORLD_HELP, metavar="FIRST:LAST")],
    seconds: Annotated[float, typer.Option(help=SECONDS_HELP)] = 180.0,
    model: Annotated[Path | None, typer.Option(help=MODEL_HELP)] = None,
    history: Annotated[str | None, typer.Option(help=HISTORY_HELP)] = None,
    retain: Annotated[int | None, typer.Option(help=RETAIN_HELP, min=0)] = None,
    fps: Annotated[float | None, typer.Option(help=FPS_HELP, min=0.1)] = None,
    theta: Annotated[float | None, typer.Option(help=THETA_HELP)] = None,
    theta_low: Annotated[float | None, typer.Option(help=THETA_LOW_HELP)] = None,
    workers: Annotated[int | None, typer.Option(help=WORKERS_HELP, min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Stream videos of the world through a model, and compare what it says with the truth.

    A narration is right if its text is exactly the truth's and its end lies within 1.0 s of the truth's
    end. The model goes on from its own narrations, right or wrong. The opening is counted apart.

    Examples:

      flownar evaluate --world 200000:200020 --seconds 180

      flownar evaluate --world 200000:200020 --history none --json | jq .needs_memory_right

      flownar evaluate --world 200000:200020 --history recent:2 --retain 10
    """
    # OpenMP reads it when torch is imported: threads that spin while they wait make a busy machine crawl.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    seeds = parse_seeds(world)
    if history is not None:
        check_history(history)
    for name, value in {"--theta": theta, "--theta-low": theta_low}.items():
        if value is not None and not 0.0 < value < 1.0:
            fail(f"{name} {value:g} does not lie between 0 and 1, both excluded.", exit_code=EXIT_USAGE)
    from pipeline.config import load_settings  # noqa: PLC0415
    from topologies.evaluate import EvaluationSettings, evaluate_world  # noqa: PLC0415

    configured = load_settings().settings.model
    settings = EvaluationSettings(
        model=configured.path if model is None else model,
        seeds=seeds,
        duration_s=seconds,
        fps=fps,
        theta=theta,
        theta_low=theta_low,
        history=history,
        retain_narrations=retain,
        num_workers=workers or os.cpu_count() or 1,
        device=configured.device,
    )
    with _progress() as update:
        report = evaluate_world(settings, update)
    if as_json:
        print_json(report.to_json())
    else:
        _show(report)


def parse_seeds(text: str) -> range:
    """Read `first:last`, both included, or a single seed; anything else ends the command with a message."""
    first, _, last = text.partition(":")
    if not first.isdecimal() or not (last or first).isdecimal() or int(last or first) < int(first):
        fail(
            f"--world {text} is no range of seeds.",
            "Give it as FIRST:LAST, for example 200000:200020.",
            exit_code=EXIT_USAGE,
        )
    return range(int(first), int(last or first) + 1)


def check_history(text: str) -> None:
    """Read a visual history; an unknown one ends the command with a message."""
    from operators.errors import OperatorError  # noqa: PLC0415
    from operators.memory.histories.spec import HistorySpec  # noqa: PLC0415

    try:
        HistorySpec.parse(text)
    except OperatorError as error:
        fail(f"--history: {error.message}", error.action, exit_code=EXIT_USAGE)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar per kind of work on a terminal's stderr; a line per finished kind elsewhere."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        tasks = {}

        def update(kind: str, done: int, total: int) -> None:
            if kind not in tasks:
                tasks[kind] = bars.add_task(kind, total=total)
            bars.update(tasks[kind], completed=done)
            if done == total and not err.is_terminal:
                err.print(f"{kind}: {total} done", highlight=False)

        yield update


def _show(report: "EvaluationReport") -> None:
    from rich.table import Table  # noqa: PLC0415

    figures = report.to_json()
    table = Table(title=f"{figures['model']} ({figures['model_hash']}), history {figures['history']}")
    for heading in (
        "seed",
        "F1",
        "precision",
        "recall",
        "said",
        "true",
        "needs memory",
        "opening",
    ):
        table.add_column(heading, justify="right")
    for row in figures["videos"]:
        opening = "right" if row["opening_right"] else "wrong"
        table.add_row(str(row["seed"]), *_cells(row), opening)
    table.add_section()
    table.add_row("all", *_cells(figures), f"{figures['openings_right']:.0%}")
    out.print(table)


def _cells(row: dict[str, float]) -> tuple[str, ...]:
    shares = (f"{row[name]:.3f}" for name in ("f1", "precision", "recall"))
    memory = f"{row['needs_memory_right']:.0%} of {row['needs_memory']}"
    return (*shares, str(row["narrations"]), str(row["true_narrations"]), memory)
