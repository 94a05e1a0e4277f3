"""`flownar status`: what runs, where, and how far it is."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli.console import EXIT_UNHEALTHY, out, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from pipeline.status.report import StatusReport

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

    settings = load_settings().settings
    report = gather_status(settings)
    if json:
        print_json(_to_json(report))
    else:
        _print_services(report, settings.kafka.bootstrap_servers)
        _print_kafka(report)
    if not report.healthy:
        raise typer.Exit(EXIT_UNHEALTHY)


def _print_services(report: "StatusReport", bootstrap_servers: str) -> None:
    table = _table("service", "address", "state", "pid", "memory", "up for", numbers=("pid", "memory"))
    local = {state.name: state for state in report.services if state.running}
    rows = (
        ("kafka", bootstrap_servers, report.kafka is not None),
        ("redis", report.redis.url if report.redis else "", report.redis is not None),
    )
    for name, address, answers in rows:
        state = local.get(name)
        word = "[green]answers[/]" if answers else "[red]no answer[/]"
        if state is None:
            table.add_row(name, address, word, "", "", "not started by flownar" if answers else "")
        else:
            memory = f"{state.memory_bytes / 2**20:.0f} MiB"
            table.add_row(name, state.address, word, str(state.pid), memory, _duration(state.uptime_s))
    _show(table)
    for error in filter(None, (report.kafka_error, report.redis_error)):
        out.print(f"  {error}", style="red", markup=False, highlight=False)


def _print_kafka(report: "StatusReport") -> None:
    if report.kafka is None:
        return
    topics = _table("topic", "partitions", "records", numbers=("partitions", "records"))
    for topic in report.kafka.topics:
        missing = not topic.num_partitions
        counts = ("missing", "") if missing else (str(topic.num_partitions), f"{topic.records:,}")
        topics.add_row(topic.name, *counts, style="red" if missing else None)
    _show(topics)
    if report.kafka.partitions:
        numbers = ("partition", "end", "committed", "lag", "generation")
        partitions = _table(*numbers, "narrator", numbers=numbers)
        for p in report.kafka.partitions:
            committed = "" if p.committed < 0 else f"{p.committed:,}"
            generation = "" if p.generation < 0 else str(p.generation)
            partitions.add_row(
                str(p.partition), f"{p.end:,}", committed, f"{p.lag:,}", generation, p.narrator
            )
        _show(partitions)
    _print_streams(report)


def _print_streams(report: "StatusReport") -> None:
    streams = report.kafka.streams if report.kafka else ()
    if not streams:
        out.print("no streams yet: flownar publish SOURCE --stream ID", style="dim", highlight=False)
        return
    from rich.markup import escape  # noqa: PLC0415

    table = _table("stream", "partition", "count", "last", "narration", numbers=("partition", "count"))
    now_ns = time.time_ns()
    for s in streams:
        age = "" if not s.last_time_ns else f"{_duration((now_ns - s.last_time_ns) / 1e9)} ago"
        narrations = "" if s.narrations < 0 else f"{s.narrations:,}"
        style = "dim" if s.ended else None
        table.add_row(
            _shortened(s.stream),
            str(s.partition),
            narrations,
            "ended" if s.ended else age,
            escape(s.last_text),
            style=style,
        )
    _show(table)


def _table(*columns: str, numbers: "Sequence[str]" = ()) -> "Table":
    from rich.table import Table  # noqa: PLC0415

    # A column of long texts takes the room that the others leave.
    table = Table(box=None, pad_edge=False, header_style="bold", expand="narration" in columns)
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in numbers else "left",
            ratio=1 if column == "narration" else None,
            overflow="ellipsis",
            no_wrap=True,
        )
    return table


def _show(table: "Table") -> None:
    out.print(table, highlight=False, soft_wrap=False)
    out.print()


def _shortened(stream: str) -> str:
    # The end of an id tells cameras apart, its beginning the sites.
    return stream if len(stream) <= 36 else f"{stream[:11]}…{stream[-24:]}"


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _to_json(report: "StatusReport") -> dict[str, Any]:
    value = asdict(report)
    for service in value["services"]:
        service["folder"] = str(service["folder"])
        del service["was_running"]
    return value | {"healthy": report.healthy}
