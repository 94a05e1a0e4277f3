"""What is shown of the chaos: faults as they happen, how it goes, and the table at the end."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from topologies.chaos.checker.verdict import MAX_NEAR_TIE_SHARE, Category
from topologies.chaos.faults import DoneFault
from topologies.chaos.moments import Moment
from topologies.chaos.recovery import p95_by_kind
from topologies.chaos.report import MAX_PROBLEMS_SHOWN, ChaosReport

LINE_EVERY_S = 30.0
"""Where there is no terminal, how it goes is told so often."""


class Screen:
    """Shows a run: on a terminal with a line that stays at the bottom, elsewhere as lines.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = console.status("") if console.is_terminal else None
        self._said_s = time.monotonic()

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, line: str) -> None:
        """Tell what happens now."""
        if self._status is not None:
            self._status.update(f"[bold]{escape(line)}[/]")
        self._console.print(f"[dim]{_clock(time.time())}[/]  [bold]{escape(line)}[/]", highlight=False)

    def fault(self, done: DoneFault) -> None:
        """Tell of a fault."""
        clock = _clock(done.began_ms / 1000)
        self._console.print(f"[dim]{clock}[/]  [red]{done.kind}[/]  {escape(done.target)}", highlight=False)

    def moment(self, moment: Moment) -> None:
        """Tell how it goes, not too often."""
        now_s = time.monotonic()
        if self._status is not None:
            self._status.update(_line(moment))
        elif now_s - self._said_s >= LINE_EVERY_S:
            self._said_s = now_s
            self._console.print(_line(moment), highlight=False)


def _clock(time_s: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(time_s))


def _line(moment: Moment) -> str:
    minutes, seconds = divmod(int(moment.elapsed_s), 60)
    parts = [
        f"{minutes}:{seconds:02}",
        f"{moment.faults} faults, {moment.faults_left} to come",
        f"{moment.narrations} narrations, {moment.per_minute} in the last minute",
    ]
    if moment.waiting is not None:
        parts.append(f"{moment.waiting} records wait")
    if moment.missing:
        parts.append(f"not ready: {', '.join(moment.missing)}")
    return "; ".join(parts)


def show_report(console: Console, report: ChaosReport) -> None:
    """Print the tables, the verdict, and the first problems."""
    console.print(_faults_table(report))
    console.print(_memory_table(report))
    verdict = report.verdict
    counts = ", ".join(f"{category.replace('_', ' ')} {verdict.count(category)}" for category in Category)
    console.print(f"{verdict.narrations} narrations, {verdict.expected} expected: {counts}", highlight=False)
    console.print(
        f"differences behind close decisions {verdict.near_ties} (at most {MAX_NEAR_TIE_SHARE:.1%}); "
        f"gaps told {sum(count for _, count in verdict.gaps)}, "
        f"records refused {sum(count for _, count in verdict.dead_letters)}",
        highlight=False,
    )
    if report.undone:
        console.print(f"left undone by the stop: {escape(report.undone)}", highlight=False)
    for problem in verdict.problems[:MAX_PROBLEMS_SHOWN]:
        console.print(f"[red]{escape(str(problem))}[/]", highlight=False)
    if (more := len(verdict.problems) - MAX_PROBLEMS_SHOWN) > 0:
        console.print(f"and {more} more problems: --keep writes them all", highlight=False)
    word = "[bold green]passed[/]" if report.passed else "[bold red]failed[/]"
    console.print(f"{word} after {report.took_s / 60:.1f} minutes", highlight=False)


def _faults_table(report: ChaosReport) -> Table:
    table = Table(title="What was done, and how long until partitions committed again", title_justify="left")
    table.add_column("fault", no_wrap=True)
    for heading in ("done", "p95", "partitions"):
        table.add_column(heading, justify="right")
    seconds = p95_by_kind(report.recoveries)
    for kind, done in report.faults_by_kind.items():
        measured = sum(recovery.kind == kind for recovery in report.recoveries)
        p95 = f"{seconds[kind]:.1f} s" if kind in seconds else "-"
        table.add_row(kind, str(done), p95, str(measured))
    return table


def _memory_table(report: ChaosReport) -> Table:
    table = Table(title="Memory of the largest process of each kind", title_justify="left")
    table.add_column("process", no_wrap=True)
    for heading in ("early", "at the end", "growth"):
        table.add_column(heading, justify="right")
    for role in report.memory:
        colour = "" if role.passed else "red"
        early, late = (f"{num_bytes / 2**20:.0f} MiB" for num_bytes in (role.early_bytes, role.late_bytes))
        table.add_row(role.role, early, late, f"{role.growth:+.1%}", style=colour)
    return table
