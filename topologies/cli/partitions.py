"""`flownar partitions`: who owns which partition, and moving one to another narrator."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli.console import err, out, print_json

if TYPE_CHECKING:
    from pipeline.config import KafkaSettings
    from pipeline.messages.status import OwnershipStatus

LIST_JSON_HELP = "Print JSON lines, one a partition."
MOVE_JSON_HELP = "Print one JSON object."
TIMEOUT_HELP = "Seconds until it must be owned there."

partitions_app = typer.Typer(
    name="partitions", help="See who owns which partition, and move one.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(partitions_app)


@partitions_app.command("list")
def list_partitions(
    json: Annotated[bool, typer.Option("--json", help=LIST_JSON_HELP)] = False,
) -> None:
    """List the partitions: narrator, reader, phase, positions, lag and load.

    The lag is how many records behind the end of the log the committed position is; the load is the frames
    per second that were narrated lately.

    Examples:

      flownar partitions list

      flownar partitions list --json | jq 'select(.phase != "owned")'
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from topologies.running import running_topology  # noqa: PLC0415

    settings = load_settings().settings
    with running_topology(settings) as run:
        rows = run.status().partitions
    ends, error = _ends(settings.kafka)
    if error:
        err.print(f"no lag: {error}", style="yellow", highlight=False, markup=False)
    listed = [_listed(row, ends.get(row.partition)) for row in rows]
    if json:
        for values in listed:
            print_json(values)
        return
    from topologies.cli.partition_table import partition_table  # noqa: PLC0415

    out.print(partition_table(listed), highlight=False, soft_wrap=False)


@partitions_app.command("move")
def move(
    partition: Annotated[int, typer.Argument(help="Number of the partition.", show_default=False)],
    narrator: Annotated[str, typer.Argument(help="Name of a narrator.", show_default=False)],
    timeout_s: Annotated[float, typer.Option("--timeout", help=TIMEOUT_HELP, min=0.0)] = 60.0,
    json: Annotated[bool, typer.Option("--json", help=MOVE_JSON_HELP)] = False,
) -> None:
    """Move a partition to a narrator, and wait until it is owned there.

    Its streams keep their memory, and nothing is narrated twice. It stays there, whatever the load, until
    that narrator is gone or the partition is moved again. If it is there already, it only stays.

    Examples:

      flownar partitions move 3 narrator-1

      flownar partitions move 3 narrator-1 --json | jq .took_s
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from topologies.running import running_topology  # noqa: PLC0415

    with running_topology(load_settings().settings) as run:
        began_s = time.monotonic()
        row = run.move(partition, narrator, timeout_s)
        took_s = time.monotonic() - began_s
    if json:
        values = {"partition": row.partition, "narrator": row.narrator, "generation": row.generation}
        print_json({**values, "took_s": round(took_s, 3)})
    else:
        where = f"partition {row.partition} is at {row.narrator}, generation {row.generation}"
        err.print(f"{where}, after {took_s:.1f} s", highlight=False)


def _ends(kafka: "KafkaSettings") -> tuple[dict[int, int], str]:
    """End of each partition's frames, and why it is not known."""
    from pipeline.errors import PipelineError  # noqa: PLC0415
    from pipeline.kafka_io.admin import KafkaAdmin  # noqa: PLC0415
    from pipeline.wire.topics import TopicNames  # noqa: PLC0415

    try:
        with KafkaAdmin(kafka) as admin:
            return admin.end_offsets(TopicNames.of(kafka.prefix).frames, kafka.partitions), ""
    except PipelineError as error:
        return {}, error.message


def _listed(row: "OwnershipStatus", end: int | None) -> dict[str, Any]:
    is_known = end is not None and row.committed_position >= 0
    return {
        "partition": row.partition,
        "narrator": row.narrator or None,
        "reader": row.reader or None,
        "phase": row.phase,
        "generation": row.generation,
        "read_position": None if row.read_position < 0 else row.read_position,
        "committed_position": None if row.committed_position < 0 else row.committed_position,
        "end": end,
        "lag": max(0, end - row.committed_position) if end is not None and is_known else None,
        "load_fps": None if row.load_fps is None else round(row.load_fps, 3),
        "pinned": row.pinned,
        "reason": row.reason,
    }
