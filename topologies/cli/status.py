"""`flownar status`: what runs, where, and how far it is."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli.console import EXIT_UNHEALTHY, out, print_json

if TYPE_CHECKING:
    from pipeline.status.report import StatusReport
    from topologies.running import RunningTopology

JSON_HELP = "Print one JSON object."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(status)


def status(json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False) -> None:
    """Show what runs and where, topics, lag per partition, streams and their last narration.

    Exit code 3 if Kafka or Redis does not answer.

    Examples:

      flownar status

      flownar status --json | jq '.kafka.partitions[].lag'
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.status.report import gather_status  # noqa: PLC0415
    from topologies.cli.status_tables import print_status  # noqa: PLC0415
    from topologies.running import ask_topology  # noqa: PLC0415

    settings = load_settings().settings
    report = gather_status(settings)
    running = ask_topology(settings)
    if json:
        print_json(_to_json(report, running))
    else:
        print_status(out, report, running, settings.kafka.bootstrap_servers)
    if not report.healthy:
        raise typer.Exit(EXIT_UNHEALTHY)


def _to_json(report: "StatusReport", running: "RunningTopology") -> dict[str, Any]:
    value = asdict(report)
    for service in value["services"]:
        service["folder"] = str(service["folder"])
        del service["was_running"]
    run = running.status.to_json() if running.status else None
    ray = {"address": running.address, "error": running.error}
    return value | {"ray": ray, "run": run, "healthy": report.healthy}
