"""The table of `flownar partitions list`."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

COLUMNS = {
    "partition": "partition",
    "generation": "generation",
    "read_position": "read",
    "committed_position": "committed",
    "lag": "lag",
    "load_fps": "frames/s",
}


def partition_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """One row a partition; what is not known is left empty."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in COLUMNS.values():
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("narrator", "reader", "state"):
        table.add_column(title, overflow="fold" if title == "state" else "ellipsis")
    for row in rows:
        numbers = (_number(row[key]) for key in COLUMNS)
        narrator = f"{row['narrator'] or ''}{' (pinned)' if row['pinned'] else ''}"
        state = f"{row['phase']} {row['reason']}".strip()
        style = None if row["phase"] == "owned" else "yellow"
        table.add_row(*numbers, escape(narrator), escape(row["reader"] or ""), escape(state), style=style)
    return table


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.1f}"
