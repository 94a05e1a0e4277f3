"""`flownar run` and `flownar stop`: topologies on Ray."""

from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli.console import EXIT_INTERRUPTED, EXIT_USAGE, err, fail, out, print_json

if TYPE_CHECKING:
    from pipeline.config import Settings
    from topologies.live_run import LiveRun

TOPOLOGY_HELP = "Which topology: live."
DETACH_HELP = "Return when it is ready; it goes on until: flownar stop live"
ADDRESS_HELP = "Ray cluster (host:port) instead of ray.address, RAY_ADDRESS or a local one."
REPLACE_HELP = "If it runs with another build, model or settings: stop that first."
ACCEPT_HELP = "Let streams whose memory another model made begin anew, instead of refusing to start."
DRY_RUN_HELP = "Check everything, start nothing."
SET_HELP = "Set one setting, as before the command (repeatable)."
JSON_HELP = "Print the status as one JSON object when it is ready."
DEADLINE_HELP = "Seconds for what is in flight; what is not done then is done again by the next start."

TOPOLOGIES = ("live",)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(stop)


def run(
    topology: Annotated[str, typer.Argument(help=TOPOLOGY_HELP)],
    detach: Annotated[bool, typer.Option("--detach", "-d", help=DETACH_HELP)] = False,
    address: Annotated[str | None, typer.Option(help=ADDRESS_HELP, show_default=False)] = None,
    replace: Annotated[bool, typer.Option("--replace", help=REPLACE_HELP)] = False,
    accept: Annotated[bool, typer.Option("--accept-state-loss", help=ACCEPT_HELP)] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=DRY_RUN_HELP)] = False,
    setting: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP, metavar="KEY=VALUE")] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Run a topology: it narrates the frames of its Kafka topics until it is stopped.

    Without an address, a Ray of this machine is started, which listens on loopback only.
    In the foreground, Ctrl-C drains the topology and stops it; --detach leaves it running.
    If the same build runs already with the same model and settings, this attaches to it:
    Ctrl-C then leaves it running.

    Examples:

      flownar run live

      flownar run live --detach --set live.num_encoders=2

      flownar run live --address 10.0.0.5:6379

      ray job submit --address http://10.0.0.5:8265 --working-dir . -- python -m topologies.live
    """
    from topologies.preflight import check_services  # noqa: PLC0415

    _check_topology(topology)
    settings = _settings(setting, address, accept_state_loss=accept)
    for warning in check_services(settings):
        err.print(f"warning: {warning}", style="yellow", highlight=False, markup=False)
    if dry_run:
        _print_plan(settings)
        return
    from pipeline.cluster.connection import connect  # noqa: PLC0415
    from pipeline.cluster.local_head import find_head, stop_head  # noqa: PLC0415
    from topologies import live  # noqa: PLC0415
    from topologies.cli.run_progress import Progress, follow  # noqa: PLC0415

    own_head = settings.ray.address is None and find_head(settings) is None
    if own_head:
        err.print("starting a local Ray …", style="dim", highlight=False)
    connect(settings, start_local=True)
    try:
        started = live.start(settings, replace=replace)
        progress = Progress()
        status = started.wait_until_ready(progress.show)
    except BaseException:
        if own_head:
            stop_head(settings)
        raise
    if json:
        print_json(status.to_json())
    what = "attached to" if started.attached else "running"
    num_actors, num_partitions = len(status.actors), len(status.partitions)
    err.print(f"{what} {topology}: {num_actors} actors, {num_partitions} partitions", highlight=False)
    if detach:
        err.print("stop it with: flownar stop live", style="dim", highlight=False)
        return
    interrupted = follow(started, progress)
    if interrupted and not started.attached:
        _stop(settings, started, live.STOP_DEADLINE_S)
    if own_head:
        stop_head(settings)
    if interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)


def stop(
    topology: Annotated[str, typer.Argument(help=TOPOLOGY_HELP)],
    address: Annotated[str | None, typer.Option(help=ADDRESS_HELP, show_default=False)] = None,
    deadline_s: Annotated[float, typer.Option("--deadline", help=DEADLINE_HELP, min=0.0)] = 30.0,
) -> None:
    """Stop a topology: read nothing more, narrate what was read, commit, end all its processes.

    A Ray that `flownar run` started on this machine is stopped, too.

    Examples:

      flownar stop live
    """
    _check_topology(topology)
    settings = _settings(None, address)
    from pipeline.cluster.connection import connect, disconnect  # noqa: PLC0415
    from pipeline.cluster.local_head import find_head, stop_head  # noqa: PLC0415
    from topologies import live  # noqa: PLC0415

    if settings.ray.address is None and find_head(settings) is None:
        err.print(f"{topology} does not run: there is no local Ray", highlight=False)
        return
    connect(settings, start_local=False)
    running = live.find(settings)
    if running is None:
        err.print(f"{topology} does not run", highlight=False)
    else:
        _stop(settings, running, deadline_s)
    disconnect()
    if settings.ray.address is None:
        stop_head(settings)


def _stop(settings: "Settings", running: "LiveRun", deadline_s: float) -> None:
    from topologies import live  # noqa: PLC0415

    err.print("draining …", style="dim", highlight=False)
    undone = live.stop(settings, running, deadline_s)
    if undone:
        err.print(f"stopped; left for the next start: {undone}", style="yellow", highlight=False)
    else:
        err.print("stopped", highlight=False)


def _check_topology(topology: str) -> None:
    if topology not in TOPOLOGIES:
        fail(f"There is no topology {topology!r}.", f"There is: {', '.join(TOPOLOGIES)}", EXIT_USAGE)


def _settings(
    assignments: list[str] | None, address: str | None, *, accept_state_loss: bool = False
) -> "Settings":
    from pipeline.config import load_settings  # noqa: PLC0415

    flags: dict[str, str] = {} if address is None else {"ray.address": address}
    if accept_state_loss:
        flags["commit.accept_state_loss"] = "true"
    for assignment in assignments or ():
        key, equals, value = assignment.partition("=")
        if not equals:
            fail(f"--set {assignment} has no value.", "Write --set KEY=VALUE.", EXIT_USAGE)
        flags[key.strip()] = value.strip()
    return load_settings(flags).settings


def _print_plan(settings: "Settings") -> None:
    from pipeline.cluster.local_head import find_head  # noqa: PLC0415
    from pipeline.supervisor.build_identity import run_identity  # noqa: PLC0415

    identity, shape = run_identity(settings), settings.live
    ray = settings.ray.address or find_head(settings) or "a local one, to be started"
    rows = {
        "application": f"{identity.application}, version {identity.version}, source {identity.source_hash}",
        "model": f"{settings.model.path}, hash {identity.model_hash}",
        "settings": identity.settings_hash,
        "kafka": f"{settings.kafka.bootstrap_servers}, {settings.kafka.partitions} partitions",
        "ray": ray,
        "readers": shape.num_readers,
        "encoders": shape.num_encoders,
        "narrators": shape.num_narrators,
    }
    for name, text in rows.items():
        out.print(f"{name:<12} {text}", highlight=False, markup=False)
