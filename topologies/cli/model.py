"""`flownar model`: look into model folders, and convert them."""

import math
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli import model_convert
from topologies.cli.console import err, out, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from operators.checkpoints.report import ModelReport

PATH_HELP = "Model folder of any form; the one in the settings if left out."
JSON_HELP = "Print one JSON object."

model_app = typer.Typer(name="model", help="Look into model folders, and convert them.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    model_convert.register(model_app)
    app.add_typer(model_app)


@model_app.callback()
def model() -> None:
    """Look into model folders, and convert them."""


@model_app.command()
def inspect(
    path: Annotated[Path | None, typer.Argument(help=PATH_HELP)] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Show what a model folder holds, check that its parts fit together, and say how long it remembers.

    The folder may be one that this project wrote, or a released model: base/ and adapter/, or the adapter's
    folder alone with its base beside it. Nothing is run and no GPU is needed.

    Examples:

      flownar model inspect

      flownar model inspect models/world --json
    """
    from operators.checkpoints.inspect import inspect_model  # noqa: PLC0415 (torch is slow to import)

    if path is None:
        from pipeline.config import load_settings  # noqa: PLC0415

        path = load_settings(None, None).settings.model.path
    with err.status("reading and hashing ..."):
        report = inspect_model(path)
    if json:
        print_json(asdict(report))
        return
    _show(report)


def _show(report: "ModelReport") -> None:
    config, stream = report.config, report.stream
    out.print(f"[bold]{report.path}[/]  {report.form} model, hash [cyan]{report.hash}[/]", highlight=False)
    size, trigger = config.vision.image_size, config.trigger
    out.print(
        f"{size} x {size} pixels at {config.fps:g} frames/s; {stream.num_frame_tokens} tokens a frame, "
        f"{stream.num_memory_tokens} of memory, {stream.num_segment_tokens} in a segment of "
        f"{trigger.average_segment_s:g} s\n"
        f"speaks at p(skip) <= {trigger.theta:g}; in the first {trigger.average_segment_s:g} s after a "
        f"narration at <= {trigger.theta_low:g}\n"
        f"memory {config.memory.kind}; context rules {config.rules}; positions up to "
        f"{config.limits.max_trained_position:,}",
        highlight=False,
    )
    out.print(_parts_table(report))
    out.print(_layout_table(report))
    if report.half_lives:
        out.print(_half_lives_table(report))
    out.print(
        f"One stream: memory {_bytes(stream.memory_bytes)}; cache "
        f"{_bytes(stream.cache_bytes_per_token)} a token, at most {_bytes(stream.max_cache_bytes)}",
        highlight=False,
    )
    longest_s = max((channels.seconds[-1] for channels in report.half_lives), default=math.inf)
    if longest_s < trigger.average_segment_s:
        out.print(
            f"[yellow]This memory forgets:[/] its longest half-life, {longest_s:.2g} s, is shorter than "
            "a segment. Train with gate_bias_init, for example [4, 9].",
            highlight=False,
        )


def _parts_table(report: "ModelReport") -> "Table":
    table = _table("Weights", "part", "dtype")
    for name in ("numbers", "on disk"):
        table.add_column(name, justify="right")
    for part in report.parts:
        row = (", ".join(part.dtypes), f"{part.num_parameters:,}", _bytes(part.num_bytes))
        table.add_row(part.name, *row)
    total = sum(part.num_parameters for part in report.parts), sum(part.num_bytes for part in report.parts)
    table.add_section()
    table.add_row("together", "", f"{total[0]:,}", _bytes(total[1]))
    return table


def _layout_table(report: "ModelReport") -> "Table":
    from rich.markup import escape  # noqa: PLC0415

    table = _table("Sequence layout", "piece", "text", "tokens")
    for piece in report.pieces:
        table.add_row(piece.name, escape(repr(piece.text)[1:-1]), " ".join(map(str, piece.token_ids)))
    return table


def _half_lives_table(report: "ModelReport") -> "Table":
    table = _table("Half-lives of the memory's channels, by the bias of the gate", "layer", "head")
    for name in ("channels", "shortest", "median", "longest"):
        table.add_column(name, justify="right")
    for item in report.half_lives:
        spans = [
            f"{_figure(choose(item.frames))} frames, {_figure(choose(item.seconds))} s"
            for choose in (min, median, max)
        ]
        table.add_row(str(item.layer), str(item.head), str(len(item.frames)), *spans)
    return table


def _table(title: str, *columns: str) -> "Table":
    from rich.table import Table  # noqa: PLC0415

    return Table(*columns, title=title, title_justify="left", title_style="bold")


def _figure(value: float) -> str:
    """Three digits, and never an exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _bytes(count: int) -> str:
    """1536 -> 1.5 KiB."""
    size, units = float(count), ["B", "KiB", "MiB", "GiB"]
    while size >= 1000 and len(units) > 1:
        size /= 1024
        del units[0]
    return f"{_figure(size)} {units[0]}"
