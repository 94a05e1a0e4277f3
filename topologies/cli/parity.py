"""`flownar parity`: this implementation against numbers recorded from the authors' code."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli.console import EXIT_FAILED, EXIT_USAGE, err, fail, out, print_json

if TYPE_CHECKING:
    from operators.parity.comparison import FileResult

FOLDER_HELP = "Folder in the form of tests/golden: clam, mask, stream, teacher, metrics, tiny_model."
PART_HELP = "Only this part: clam, mask, stream, teacher or metrics; may be given several times."
JSON_HELP = "Print one JSON object: passed, and files with file, part, max_diff, tolerance, passed, detail."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(parity)


def parity(
    folder: Annotated[Path, typer.Argument(help=FOLDER_HELP)],
    part: Annotated[list[str] | None, typer.Option(help=PART_HELP)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Check this implementation against a folder of numbers recorded from the authors' code.

    Per file, the quantity that is worst in proportion to its tolerance is shown. A tolerance of 0 means
    that values must be equal. Exit code 0 only if every file agrees.

    Examples:

      flownar parity tests/golden

      flownar parity tests/golden --part stream --json | jq '.files[] | select(.passed | not)'
    """
    from operators.frames.threads import use_one_thread  # noqa: PLC0415
    from operators.parity.run import PARTS, check_folder  # noqa: PLC0415

    use_one_thread()  # recorded models are tiny: threads would wait for each other

    if unknown := sorted(set(part or ()) - set(PARTS)):
        fail(f"--part is one of {', '.join(PARTS)}, not {unknown[0]}.", exit_code=EXIT_USAGE)
    results = []
    with err.status("comparing") as status:
        if not as_json:
            out.print("      difference  tolerance  file, and the quantity that is worst", style="bold")
        for result in check_folder(folder, part or tuple(PARTS)):
            results.append(result)
            status.update(f"comparing: {len(results)} files")
            if not as_json:
                _show(result)
    failed = sum(not result.passed for result in results)
    if as_json:
        print_json({"passed": not failed, "files": [_plain(result) for result in results]})
    else:
        summary = f"{failed} of {len(results)} files differ" if failed else f"all {len(results)} files agree"
        out.print(summary, style="bold red" if failed else "bold green", highlight=False)
    if failed:
        raise typer.Exit(EXIT_FAILED)


def _plain(result: "FileResult") -> dict[str, object]:
    """JSON knows no infinity: a difference that is no number is null."""
    finite = math.isfinite(result.max_diff)
    return asdict(result) | {"max_diff": result.max_diff if finite else None}


def _show(result: "FileResult") -> None:
    from rich.markup import escape  # noqa: PLC0415

    verdict = "[green]pass[/]" if result.passed else "[bold red]FAIL[/]"
    figures = f"{result.max_diff:10.1e}  {result.tolerance:9g}"
    out.print(f"{verdict}  {figures}  {result.file}  [dim]{escape(result.detail)}[/]", highlight=False)
