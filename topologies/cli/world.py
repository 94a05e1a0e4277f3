"""`flownar world`: render and preview videos of the procedural world."""

from pathlib import Path
from typing import Annotated

import typer

from topologies.cli.console import err, fail, out, print_json

Seed = Annotated[
    int,
    typer.Option(help="Seed of the video: below 100000 training, from 100000 validation, from 200000 test."),
]


def register(app: typer.Typer) -> None:
    """Add the commands `world render` and `world preview`."""
    world = typer.Typer(
        help="Videos of the procedural world: a bench, hands that act, and the truth of what they do.",
        no_args_is_help=True,
        rich_markup_mode="rich",
    )
    world.command("render")(render)
    world.command("preview")(preview)
    app.add_typer(world, name="world")


def render(
    seed: Seed,
    seconds: Annotated[float, typer.Option(help="Length of the video, 30 to 7200 seconds.")],
    file: Annotated[Path, typer.Option("--out", help="Video to write; its truth goes beside it as .json.")],
    fps: Annotated[float, typer.Option(help="Frames per second; the model itself looks at 2.")] = 25.0,
    size: Annotated[int, typer.Option(help="Width and height in pixels.")] = 384,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object about what was written.")
    ] = False,
) -> None:
    """Write a video as H.264 and, beside it, the truth: every narration with start, end and `needs_memory`.

    [bold]Examples[/]

      flownar world render --seed 200000 --seconds 60 --out bench.mp4

      flownar world render --seed 7 --seconds 180 --fps 2 --size 144 --out small.mp4
    """
    from rich.progress import Progress  # noqa: PLC0415

    from operators.datasets.world import generate  # noqa: PLC0415
    from operators.datasets.world.render import render_video, sidecar_path  # noqa: PLC0415

    video = generate(seed, seconds)
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task(f"rendering seed {seed}")
        render_video(
            video,
            file,
            fps=fps,
            size=size,
            on_frame=lambda done, total: progress.update(task, completed=done, total=total),
        )
    needing = sum(narration.needs_memory for narration in video.narrations)
    if as_json:
        print_json(
            {
                "video": str(file),
                "truth": str(sidecar_path(file)),
                "narrations": len(video.narrations),
                "needs_memory": needing,
            }
        )
        return
    out.print(
        f"{file}: {seconds:g} s at {fps:g} frames/s, {len(video.narrations)} narrations", highlight=False
    )
    out.print(f"{sidecar_path(file)}: their truth; {needing} of them need memory", highlight=False)


def preview(
    seed: Seed,
    file: Annotated[Path, typer.Option("--out", help="PNG to write.")],
    seconds: Annotated[float, typer.Option(help="Length of the video, 30 to 7200 seconds.")] = 90.0,
) -> None:
    """Write a contact sheet: pictures of the activities with their narrations under them.

    [bold]Example[/]

      flownar world preview --seed 200000 --out sheet.png
    """
    from operators.datasets.world import generate  # noqa: PLC0415
    from operators.datasets.world.sheet import contact_sheet, write_png  # noqa: PLC0415

    if file.suffix.lower() != ".png":
        fail(f"a contact sheet is a PNG, not {file.name}", "Give --out a name that ends in .png.")
    video = generate(seed, seconds)
    write_png(file, contact_sheet(video))
    out.print(f"{file}: {video.opening}", highlight=False)
