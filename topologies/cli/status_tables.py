"""The tables of `flownar status`, at most 100 columns wide where ids and texts allow."""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.messages.status import OwnershipStatus, RunStatus
from pipeline.status.report import StatusReport
from pipeline.status.views import KafkaView
from topologies.running import RunningTopology

MAX_STREAM_CHARS = 36


def print_status(out: Console, report: StatusReport, running: RunningTopology, kafka_address: str) -> None:
    """Print everything that is known."""
    _show(out, _services(report, kafka_address))
    for error in filter(None, (report.kafka_error, report.redis_error, running.error)):
        out.print(f"{error}\n", style="red", markup=False, highlight=False)
    if running.status:
        _print_run(out, running.status, running.address)
    elif not running.error:
        out.print("topology live does not run: flownar run live\n", style="dim", highlight=False)
    if report.kafka is None:
        if running.status:
            _show(out, _unowned(running.status.partitions))
        return
    _show(out, _topics(report.kafka))
    if report.kafka.partitions:
        _show(out, _partitions(report.kafka, running.status.partitions if running.status else ()))
    if report.kafka.streams:
        _show(out, _streams(report.kafka))
    else:
        out.print("no streams yet: flownar publish SOURCE --stream ID", style="dim", highlight=False)


def _services(report: StatusReport, kafka_address: str) -> Table:
    table = _table("service", "address", "state", "pid", "memory", "up for", numbers=("pid", "memory"))
    local = {state.name: state for state in report.services if state.running}
    rows = (
        ("kafka", kafka_address, report.kafka is not None),
        ("redis", report.redis.url if report.redis else "", report.redis is not None),
    )
    for name, address, answers in rows:
        state = local.get(name)
        word = "[green]answers[/]" if answers else "[red]no answer[/]"
        if state is None:
            table.add_row(name, escape(address), word, "", "", "not started by flownar" if answers else "")
        else:
            memory = f"{state.memory_bytes / 2**20:.0f} MiB"
            table.add_row(name, state.address, word, str(state.pid), memory, _duration(state.uptime_s))
    return table


def _print_run(out: Console, run: RunStatus, address: str) -> None:
    state = "[green]ready[/]" if run.ready else "[yellow]not ready[/]"
    text = f"topology live is {state} on Ray at {escape(address)} (supervisor pid {run.supervisor_pid})"
    out.print(text, highlight=False)
    if run.waiting:
        out.print(f"waiting: {run.waiting}", style="yellow", markup=False, highlight=False)
    for needed in run.dependencies:
        if needed.state == "down":
            text = f"{needed.name} is down for {_duration(needed.since_s)}: {needed.reason}"
            out.print(text, style="red", markup=False, highlight=False)
    table = _table("actor", "state", "pid", "restarts", "last failure", numbers=("pid", "restarts"))
    for actor in run.actors:
        word = "[green]ready[/]" if actor.ready else "[yellow]starting[/]"
        if actor.silent:
            word = "[red]silent[/]"
        pid = str(actor.pid) if actor.pid else ""
        restarts = str(actor.restarts) if actor.restarts else ""
        table.add_row(actor.name, word, pid, restarts, escape(actor.failure))
    _show(out, table)


def _topics(view: KafkaView) -> Table:
    table = _table("topic", "partitions", "records", numbers=("partitions", "records"))
    for topic in view.topics:
        missing = not topic.num_partitions
        counts = ("missing", "") if missing else (str(topic.num_partitions), f"{topic.records:,}")
        table.add_row(topic.name, *counts, style="red" if missing else None)
    return table


def _partitions(view: KafkaView, owned: Sequence[OwnershipStatus]) -> Table:
    numbers = ("partition", "end", "committed", "lag", "generation")
    table = _table(*numbers, "narrator", "state", numbers=numbers)
    phases = {row.partition: f"{row.phase} {row.reason}".strip() for row in owned}
    for p in view.partitions:
        table.add_row(
            str(p.partition),
            f"{p.end:,}",
            "" if p.committed < 0 else f"{p.committed:,}",
            f"{p.lag:,}",
            "" if p.generation < 0 else str(p.generation),
            escape(p.narrator),
            escape(phases.get(p.partition, "")),
        )
    return table


def _unowned(rows: Sequence[OwnershipStatus]) -> Table:
    table = _table("partition", "state", numbers=("partition",))
    for row in rows:
        if row.phase != "owned":
            table.add_row(str(row.partition), escape(f"{row.phase} {row.reason}".strip()))
    return table


def _streams(view: KafkaView) -> Table:
    table = _table("stream", "partition", "events", "last", "narration", numbers=("partition", "events"))
    now_ns = time.time_ns()
    for s in view.streams:
        age = f"{_duration((now_ns - s.last_time_ns) / 1e9)} ago" if s.last_time_ns else ""
        table.add_row(
            _shortened(s.stream),
            str(s.partition),
            "" if s.num_events < 0 else f"{s.num_events:,}",
            "ended" if s.ended else age,
            escape(s.last_text),
            style="dim" if s.ended else None,
        )
    return table


def _table(*columns: str, numbers: Sequence[str] = ()) -> Table:
    # The last column takes the room that the others leave, if it holds texts.
    has_texts = columns[-1] in ("narration", "last failure")
    table = Table(box=None, pad_edge=False, header_style="bold", expand=has_texts)
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in numbers else "left",
            ratio=1 if has_texts and column == columns[-1] else None,
            overflow="ellipsis",
            no_wrap=True,
        )
    return table


def _show(out: Console, table: Table) -> None:
    out.print(table, highlight=False, soft_wrap=False)
    out.print()


def _shortened(stream: str) -> str:
    # The end of an id tells cameras apart, its beginning the sites.
    return stream if len(stream) <= MAX_STREAM_CHARS else f"{stream[:11]}…{stream[-24:]}"


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
