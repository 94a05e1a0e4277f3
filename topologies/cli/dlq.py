"""`flownar dlq`: which records were refused, and why; and putting them back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli.console import err, out, print_json
from topologies.cli.dlq_replay import replay

if TYPE_CHECKING:
    from pipeline.watch.dead_letters import ReadDeadLetter

JSON_HELP = "Print JSON lines, one a letter."

dlq_app = typer.Typer(
    name="dlq", help="Look at records that were refused, and put them back.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    dlq_app.command("replay")(replay)
    app.add_typer(dlq_app)


@dlq_app.command("list")
def list_letters(
    limit: Annotated[int, typer.Option(help="The newest so many.", min=1)] = 50,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """List the newest dead letters, oldest of them first.

    Examples:

      flownar dlq list

      flownar dlq list --limit 1000 --json | jq -r .code | sort | uniq -c
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.watch.dead_letters import read_dead_letters  # noqa: PLC0415

    letters = read_dead_letters(load_settings().settings.kafka, limit)
    if json:
        for letter in letters:
            print_json(_letter_json(letter))
        return
    if not letters:
        err.print("There are no dead letters.")
        return
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table("time", "place", "stream", "code", "stage", "message", box=None, pad_edge=False)
    for letter in letters:
        place = f"{letter.partition} {letter.offset}"
        cells = (_time(letter)[11:19], place, _key(letter), letter.letter.code, letter.letter.stage)
        table.add_row(*map(Text, (*cells, letter.letter.message)))
    out.print(table, soft_wrap=False)
    last = letters[-1]
    hint = f"Look at one by its place: flownar dlq show {last.partition} {last.offset}"
    err.print(hint, style="dim", highlight=False)


@dlq_app.command("show")
def show(
    partition: Annotated[int, typer.Argument(help="First number of the place.", show_default=False)],
    offset: Annotated[int, typer.Argument(help="Second number of the place.", show_default=False)],
    to: Annotated[Path | None, typer.Option("--out", help="Save the record's value as this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show one dead letter with all its headers, and save what it held.

    Examples:

      flownar dlq show 2 17

      flownar dlq show 2 17 --out broken.jpg
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.watch.dead_letters import read_dead_letter  # noqa: PLC0415

    letter = read_dead_letter(load_settings().settings.kafka, partition, offset)
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(letter.letter.value or b"")
    if json:
        print_json(_letter_json(letter))
        return
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    original = letter.letter
    table = Table(show_header=False, box=None, pad_edge=False)
    rows = {
        "code": original.code,
        "message": original.message,
        "stage": original.stage,
        "refused": _time(letter),
        "record": f"{original.topic} [{original.partition}] @{original.offset}",
        "key": _key(letter),
        "value": _outline(original.value),
    }
    for name, text in rows.items():
        table.add_row(Text(name, style="bold"), Text(text))
    for name, value in original.headers:
        table.add_row(Text(f"header {name}", style="dim"), Text(printable(value)))
    out.print(table, soft_wrap=False)
    if to is not None:
        err.print(f"saved as {to}", highlight=False, markup=False)


def _letter_json(letter: "ReadDeadLetter") -> dict[str, object]:
    original = letter.letter
    return {
        "time": _time(letter),
        "partition": letter.partition,
        "offset": letter.offset,
        "key": None if original.key is None else printable(original.key),
        "code": original.code,
        "message": original.message,
        "stage": original.stage,
        "record": {"topic": original.topic, "partition": original.partition, "offset": original.offset},
        "headers": [[name, printable(value)] for name, value in original.headers],
        "value_bytes": None if original.value is None else len(original.value),
    }


def _time(letter: "ReadDeadLetter") -> str:
    from pipeline.wire.times import format_time  # noqa: PLC0415

    return format_time(letter.error_time_ns)


def _key(letter: "ReadDeadLetter") -> str:
    return "(none)" if letter.letter.key is None else printable(letter.letter.key)


def printable(value: bytes) -> str:
    """Text of a key or header, whatever a publisher put there: control characters can't reach a terminal."""
    text = value.decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _outline(value: bytes | None) -> str:
    if not value:
        return "none" if value is None else "empty"
    return f"{len(value):,} bytes, beginning with {value[:8].hex(' ')}"
