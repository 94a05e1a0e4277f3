"""`flownar bench commits`: how long commits and takeovers of a partition take."""

from dataclasses import asdict
from typing import Annotated

import typer

from topologies.bench.options import CommitOptions
from topologies.cli.console import err, out, print_json

COMMITS_HELP = "Commits, each with one narration of every stream; every fourth with the states of all."
STREAMS_HELP = "Streams of the partition."
SNAPSHOT_HELP = "Size of the state of one stream in KiB."
TAKEOVERS_HELP = "Takeovers of the partition after that."
JSON_HELP = "Print one JSON object."

_DEFAULTS = CommitOptions()


def register(bench_app: typer.Typer) -> None:
    """Add the command."""
    bench_app.command()(commits)


def commits(
    commits: Annotated[int, typer.Option(help=COMMITS_HELP, min=1)] = _DEFAULTS.commits,
    streams: Annotated[int, typer.Option(help=STREAMS_HELP, min=1)] = _DEFAULTS.streams,
    snapshot_kib: Annotated[int, typer.Option(help=SNAPSHOT_HELP, min=1)] = _DEFAULTS.snapshot_kib,
    takeovers: Annotated[int, typer.Option(help=TAKEOVERS_HELP, min=1)] = _DEFAULTS.takeovers,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Measure how long it takes to make narrations true, and to become the owner of a partition.

    Kafka and Redis are started for it, and stopped again; there is no model.

    Examples:

      flownar bench commits

      flownar bench commits --streams 200 --snapshot-kib 256 --json
    """
    from topologies.bench.commits import measure_commits  # noqa: PLC0415

    options = CommitOptions(commits, streams, snapshot_kib=snapshot_kib, takeovers=takeovers)
    figures = measure_commits(options, lambda line: err.print(line, style="dim"))
    if json:
        print_json({"options": asdict(options), "figures": [asdict(row) for row in figures]})
        return
    out.print(f"{'':24}{'count':>8}{'p50 ms':>10}{'p95 ms':>10}", style="bold", highlight=False)
    for row in figures:
        out.print(f"{row.what:24}{row.count:>8}{row.p50_ms:>10}{row.p95_ms:>10}", highlight=False)
