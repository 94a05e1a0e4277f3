"""`flownar doctor`: what is wrong, and what to do."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli.console import EXIT_UNHEALTHY, err, out, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.doctor.finding import Finding

JSON_HELP = "Print one JSON object: {healthy, findings: [{area, level, message, action}]}."

_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "problem": "[bold red]problem[/]"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False) -> None:
    """Check everything: settings, versions, programs, Kafka, topics, clocks, Redis, the model.

    Says what is wrong and what to do. Exit code 3 if there is a problem; a warning is none.

    Examples:

      flownar doctor

      flownar doctor --json | jq '.findings[] | select(.level != "ok")'
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.doctor.run import run_checks  # noqa: PLC0415

    findings = run_checks(load_settings())
    healthy = all(finding.level != "problem" for finding in findings)
    if json:
        print_json({"healthy": healthy, "findings": [asdict(finding) for finding in findings]})
    else:
        _print_findings(findings)
        if not healthy:
            err.print("There are problems.", style="red")
    if not healthy:
        raise typer.Exit(EXIT_UNHEALTHY)


def _print_findings(findings: "Sequence[Finding]") -> None:
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    for finding in findings:
        table.add_row(_MARKS[finding.level], finding.area, escape(finding.message))
        if finding.action:
            table.add_row("", "", f"[bold]→[/] {escape(finding.action)}")
    out.print(table, highlight=False, soft_wrap=False)
