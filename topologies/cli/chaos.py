"""`flownar chaos`: kill, pause and cut what narrates, and check every narration."""

from pathlib import Path
from typing import Annotated

import typer

from topologies.cli.console import EXIT_FAILED, EXIT_USAGE, err, fail, out, print_json

MINUTES_HELP = (
    "How long cameras publish and faults happen. Reading it all again without faults takes half as long."
)
SEED_HELP = "Decides faults, videos and what cameras do wrong."
KINDS_HELP = "Only these kinds of faults, comma-separated; all if left out."
CAMERAS_HELP = "Cameras; every second one also does wrong what cameras do wrong."
FPS_HELP = (
    "Frames per second of each camera. Two idle cores narrate about 20 frames a second with the model of "
    "this repository, and load a killed process in 5 to 10 s of a core: 16 cameras at 0.5 leave room for it."
)
FAULTS_HELP = "How many faults; one every 5.5 s if left out."
KEEP_HELP = "Leave logs and topics in this folder."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(chaos)


def chaos(
    minutes: Annotated[float, typer.Option(help=MINUTES_HELP, min=0.1, max=45.0)] = 20.0,
    seed: Annotated[int, typer.Option(help=SEED_HELP)] = 1,
    kinds: Annotated[str, typer.Option(help=KINDS_HELP, show_default=False)] = "",
    cameras: Annotated[int, typer.Option(help=CAMERAS_HELP, min=1, max=1000)] = 16,
    fps: Annotated[float, typer.Option(help=FPS_HELP, min=0.05, max=30.0)] = 0.5,
    faults: Annotated[int | None, typer.Option(help=FAULTS_HELP, min=0, show_default=False)] = None,
    keep: Annotated[Path | None, typer.Option(help=KEEP_HELP, show_default=False)] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
) -> None:
    """Narrate cameras while processes are killed and paused, Kafka and Redis restarted, networks cut.

    Then an independent checker, which shares no code with the pipeline, reads the topics as any
    service would: every frame must be covered exactly once, in order, by texts that a second
    reading and a run without faults on the same frames have too; every gap must be told. Passes
    (exit code 0) only if nothing is lost, doubled, out of order, changed or untold. Runs in a state
    folder of its own, beside whatever else runs on this machine, and leaves nothing behind.

    Kinds: kill-narrator, kill-encoder, kill-reader, kill-supervisor, pause-narrator, pause-encoder,
    pause-reader, restart-broker, restart-redis, move-partition, cut-kafka, cut-redis.

    Examples:

      flownar chaos --minutes 20 --seed 1

      flownar chaos --minutes 2 --kinds kill-narrator,restart-broker --keep out/chaos
    """
    from topologies.chaos.run import run_chaos  # noqa: PLC0415
    from topologies.chaos.schedule import ALL_KINDS, FaultKind  # noqa: PLC0415
    from topologies.chaos.screen import Screen, show_report  # noqa: PLC0415
    from topologies.chaos.settings import ChaosOptions, chaos_settings, with_two_of_each  # noqa: PLC0415

    named = [name.strip() for name in kinds.split(",") if name.strip()]
    if unknown := sorted({*named} - {*ALL_KINDS}):
        fail(
            f"--kinds: there is no {', '.join(unknown)}.",
            action=f"There are: {', '.join(ALL_KINDS)}",
            exit_code=EXIT_USAGE,
        )
    options = ChaosOptions(
        minutes=minutes,
        seed=seed,
        kinds=tuple(dict.fromkeys(map(FaultKind, named))) or ALL_KINDS,
        num_cameras=cameras,
        fps=fps,
        num_faults=faults,
        keep_dir=keep,
    )
    with Screen(err) as screen:
        report = run_chaos(with_two_of_each(chaos_settings()), options, screen)
    if json:
        print_json(report.to_json())
    show_report(err if json else out, report)
    if not report.passed:
        raise typer.Exit(EXIT_FAILED)
