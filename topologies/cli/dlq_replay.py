"""`flownar dlq replay`: put refused records back."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli.console import EXIT_FAILED, EXIT_USAGE, err, fail, out, print_json

if TYPE_CHECKING:
    from pipeline.watch.replay import ReplayedLetter

ASK_ABOVE = 100
"""More records than that are put back only after a yes."""

PLACE_HELP = "number of the letter's place, as `dlq list` shows it."
ALL_HELP = "Put back all records that were refused with this code, instead of one by its place."


def replay(
    partition: Annotated[int | None, typer.Argument(help=f"First {PLACE_HELP}", show_default=False)] = None,
    offset: Annotated[int | None, typer.Argument(help=f"Second {PLACE_HELP}", show_default=False)] = None,
    all_of: Annotated[str | None, typer.Option("--all-of", help=ALL_HELP, metavar="CODE")] = None,
    yes: Annotated[bool, typer.Option("--yes", help=f"Do not ask, though more than {ASK_ABOVE}.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON lines, one a letter.")] = False,
) -> None:
    """Put refused records back into the topic of frames, as they were.

    Use it when what was wrong has been put right, for example a limit was raised; a record of a wrong
    partition goes to the right one. The numbering is checked again: a record whose sequence is older than
    what its stream has seen is refused again (sequence-out-of-order, duplicate-sequence), and so is one of an
    older epoch (stale-epoch). So this helps streams that stand still, not ones that went on. The letters
    themselves stay where they are.

    Exit code 1 if a record could not be put back.

    Examples:

      flownar dlq replay 2 17

      flownar dlq replay --all-of image-too-large

      flownar dlq replay --all-of wrong-partition --yes --json | jq .to
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.watch.dead_letters import (  # noqa: PLC0415
        dead_letter_ends,
        dead_letters_of,
        read_dead_letter,
    )
    from pipeline.watch.replay import replay_dead_letters  # noqa: PLC0415

    settings = load_settings().settings
    if all_of is not None and partition is None:
        ends = dead_letter_ends(settings.kafka)
        number = sum(1 for _ in dead_letters_of(settings.kafka, all_of, ends))
        if not number:
            err.print(f"There are no dead letters with the code {all_of!r}.", highlight=False, markup=False)
            return
        _ask(number, all_of, yes=yes)
        results = replay_dead_letters(settings, dead_letters_of(settings.kafka, all_of, ends))
    elif all_of is None and partition is not None and offset is not None:
        results = replay_dead_letters(settings, [read_dead_letter(settings.kafka, partition, offset)])
    else:
        fail(
            "Say which records: one by its place, or all of one code.",
            "flownar dlq replay PARTITION OFFSET, or flownar dlq replay --all-of CODE",
            EXIT_USAGE,
        )
    num_back = num_failed = 0
    for result in results:
        num_failed += bool(result.error)
        num_back += not result.error
        if json:
            print_json(_result_json(result))
        else:
            out.print(_line(result), highlight=False, markup=False)
    err.print(
        f"{num_back:,} put back, {num_failed:,} not. What is refused again shows in: flownar dlq list",
        style="dim",
        highlight=False,
    )
    if num_failed:
        raise typer.Exit(EXIT_FAILED)


def _ask(number: int, code: str, *, yes: bool) -> None:
    if yes or number <= ASK_ABOVE:
        return
    question = f"Put back {number:,} records that were refused with {code}?"
    if not sys.stdin.isatty():
        fail(f"{question} Nobody is here to answer.", "Say --yes.", EXIT_USAGE)
    typer.confirm(question, abort=True, err=True)


def _line(result: "ReplayedLetter") -> str:
    from topologies.cli.dlq import printable  # noqa: PLC0415

    letter = result.letter
    key = "(no key)" if letter.letter.key is None else printable(letter.letter.key)
    became = f"not put back: {result.error}" if result.error else f"[{result.partition}] @{result.offset}"
    return f"{letter.partition} {letter.offset}  {letter.letter.code}  {key}  {became}"


def _result_json(result: "ReplayedLetter") -> dict[str, object]:
    letter = result.letter
    return {
        "partition": letter.partition,
        "offset": letter.offset,
        "code": letter.letter.code,
        "to": None if result.error else {"partition": result.partition, "offset": result.offset},
        "error": result.error or None,
    }
