"""`flownar up` and `flownar down`: the Kafka and Redis of this machine."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli.console import err, out, print_json

if TYPE_CHECKING:
    from pipeline.config import ResolvedSettings
    from pipeline.services.local import ServiceState

JSON_HELP = "Print one JSON object."
VOLUMES_HELP = "Also remove their data and logs: frames, narrations and all state are lost."
TOPICS_HELP = "Also create the topics that do not exist."
WAIT_HELP = "Wait until they answer; --no-wait returns at once and creates no topics."

_ADDRESS_KEYS = {"kafka": "kafka.bootstrap_servers", "redis": "redis.url"}
_OWN_ORIGINS = ("default", "addresses.toml")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(down)


def up(
    topics: Annotated[bool, typer.Option(help=TOPICS_HELP)] = True,
    wait: Annotated[bool, typer.Option(help=WAIT_HELP)] = True,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Start a Kafka broker and a Redis on this machine, and create the topics.

    What already runs is left alone. If a default port is taken, another one is:
    every command finds the addresses by itself.
    A service whose address you have set yourself is not started: yours is used.

    Examples:

      flownar up

      flownar --set kafka.partitions=8 up
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.kafka_io.admin import create_all_topics  # noqa: PLC0415
    from pipeline.services.local import SERVICES, start_services  # noqa: PLC0415

    resolved = load_settings()
    elsewhere = {name: origin for name in SERVICES if (origin := _set_elsewhere(resolved, name))}
    wanted = [name for name in SERVICES if name not in elsewhere]
    with err.status(f"starting {' and '.join(wanted)} ...") if err.is_terminal and wanted else _Silent():
        states = start_services(
            resolved.settings,
            wanted,
            wait_for_answer=wait,
            on_progress=lambda line: err.print(line, style="dim"),
        )
        # The addresses are known only now.
        created = create_all_topics(load_settings().settings) if topics and wait else []
    if json:
        print_json({"services": [_to_json(state) for state in states], "topics_created": created})
        return
    for state in states:
        what = "already runs" if state.was_running else "started"
        out.print(f"{state.name:<6} {what} at {state.address} (pid {state.pid})", highlight=False)
    for name, origin in elsewhere.items():
        out.print(f"{name:<6} not started: {_ADDRESS_KEYS[name]} is set by {origin}", highlight=False)
    if created:
        out.print(f"topics created: {', '.join(created)}", highlight=False)


def down(
    volumes: Annotated[bool, typer.Option("--volumes", help=VOLUMES_HELP)] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Stop the Kafka and Redis that `flownar up` started, and nothing else.

    Examples:

      flownar down

      flownar down --volumes
    """
    from pipeline.cluster.local_head import find_head  # noqa: PLC0415
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.services.local import stop_services  # noqa: PLC0415

    settings = load_settings().settings
    if find_head(settings) is not None:
        err.print("A local Ray still runs; end it with: flownar stop live", highlight=False)
    with err.status("stopping ...") if err.is_terminal else _Silent():
        states = stop_services(settings, volumes=volumes)
    if json:
        print_json({"services": [_to_json(state) for state in states], "volumes_removed": volumes})
        return
    for state in states:
        what = f"stopped (pid {state.pid})" if state.was_running else "did not run"
        removed = f"; removed {state.folder}" if volumes else ""
        out.print(f"{state.name:<6} {what}{removed}", highlight=False)


class _Silent:
    """Stands where a spinner would be."""

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        return


def _set_elsewhere(resolved: "ResolvedSettings", name: str) -> str:
    origin = resolved.origins[_ADDRESS_KEYS[name]]
    return "" if os.path.basename(origin) in _OWN_ORIGINS else origin


def _to_json(state: "ServiceState") -> dict[str, Any]:
    return {
        "name": state.name,
        "running": state.running,
        "was_running": state.was_running,
        "pid": state.pid,
        "address": state.address,
        "folder": str(state.folder),
    }
