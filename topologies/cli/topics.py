"""`flownar topics`: create the topics, and check that they are as they must be."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli.console import EXIT_UNHEALTHY, out, print_json

if TYPE_CHECKING:
    from pipeline.kafka_io.topic_check import TopicDifference

JSON_HELP = "Print one JSON object."

topics_app = typer.Typer(name="topics", help="Create and check the topics.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(topics_app)


@topics_app.callback()
def topics() -> None:
    """Create and check the topics."""


@topics_app.command()
def create(json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False) -> None:
    """Create the topics that do not exist, with the partitions and settings that they must have.

    Existing topics are left as they are; `flownar topics check` compares them.

    Examples:

      flownar topics create

      flownar --set kafka.partitions=64 --set kafka.replication_factor=3 topics create
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.kafka_io.admin import create_all_topics  # noqa: PLC0415
    from pipeline.wire.topics import topic_specs  # noqa: PLC0415

    settings = load_settings().settings
    specs = topic_specs(settings.kafka, settings.frames)
    created = create_all_topics(settings)
    if json:
        print_json({"created": created, "existed": [s.name for s in specs if s.name not in created]})
        return
    for spec in specs:
        what = "created" if spec.name in created else "exists"
        out.print(f"{spec.name:<30} {what}, {spec.num_partitions} partitions", highlight=False)


@topics_app.command()
def check(json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False) -> None:
    """Compare the topics with what they must be; exit code 3 if anything differs.

    Examples:

      flownar topics check
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.kafka_io.admin import KafkaAdmin  # noqa: PLC0415
    from pipeline.kafka_io.topic_check import check_topics  # noqa: PLC0415
    from pipeline.wire.topics import topic_specs  # noqa: PLC0415

    settings = load_settings().settings
    specs = topic_specs(settings.kafka, settings.frames)
    with KafkaAdmin(settings.kafka) as admin:
        differences = check_topics(specs, admin.describe_topics([spec.name for spec in specs]))
    if json:
        print_json({"topics": [s.name for s in specs], "differences": [asdict(d) for d in differences]})
    else:
        _print_differences(differences, len(specs))
    if differences:
        raise typer.Exit(EXIT_UNHEALTHY)


def _print_differences(differences: "list[TopicDifference]", num_topics: int) -> None:
    if not differences:
        out.print(f"all {num_topics} topics are as they must be", highlight=False)
    for difference in differences:
        out.print(f"[bold]{difference.topic}[/] {difference.what}", highlight=False)
        out.print(f"  {difference.action}", highlight=False)
