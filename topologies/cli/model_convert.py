"""`flownar model convert`: write a model of any form as the folder that this project writes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from topologies.cli.console import err, out

SOURCE_HELP = "Model folder of any form: a released model (base/ and adapter/), or one with a GGUF file."
OUT_HELP = "The folder to write."
DTYPE_HELP = "Of the weights on disk, but for the memory's, which stay float32."
FORCE_HELP = "Write also into a folder that is not empty."


class Dtype(StrEnum):
    """Of weights on disk."""

    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    FLOAT32 = "float32"


def register(app: typer.Typer) -> None:
    """Add the command to `flownar model`."""
    app.command()(convert)


def convert(
    source: Annotated[Path, typer.Argument(help=SOURCE_HELP)],
    target: Annotated[Path, typer.Argument(metavar="OUT", help=OUT_HELP)],
    dtype: Annotated[Dtype, typer.Option(help=DTYPE_HELP)] = Dtype.FLOAT16,
    force: Annotated[bool, typer.Option("--force", help=FORCE_HELP)] = False,
) -> None:
    """Merge a model's parts and write them as one folder.

    It loads faster, needs no base beside it, and can be given away. At float32 it gives the same numbers as
    its source.

    Examples:

      flownar model convert released/ models/flownar

      flownar model convert released/adapter models/flownar --dtype bfloat16 --force
    """
    from rich.progress import Progress  # noqa: PLC0415

    from operators.checkpoints.convert import convert_model  # noqa: PLC0415 (torch is slow to import)
    from operators.checkpoints.placement import DTYPES  # noqa: PLC0415

    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("language model", total=None)
        written = convert_model(
            source,
            target,
            dtype=DTYPES[dtype.value],
            force=force,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    for path in written:
        out.print(str(path), highlight=False, markup=False)
