"""`flownar bench`: figures of speed and endurance, as JSON."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli import bench_commits, bench_fairness, bench_resilience
from topologies.cli.console import EXIT_USAGE, err, fail, out, print_json

if TYPE_CHECKING:
    from operators.narrator.streams.settings import StreamSettings

MODEL_HELP = "Model folder."
VIDEOS_HELP = "Folder of feature videos, video_*.npz, with their truth, video_*_truth.json."
FRAMES_HELP = "Frames of the stream."
RETAIN_HELP = "Narrations that stay visible; all that fit the budget if left out."
BUDGET_HELP = "Tokens of all narrations that stay visible; the model's own limit if left out."
HISTORY_HELP = "Visual history; the model's own memory if left out."
AGREEMENT_VIDEOS_HELP = "Folder of feature videos, video_*.npz; random features if left out."
DTYPE_HELP = "auto, float32, bfloat16 or float16."
TOKENS_HELP = "Tokens of one narration; the model's own limit if left out."
SEED_HELP = "Of the order of the segments."
DEVICE_HELP = "auto, cpu, cuda or cuda:N."
JSON_HELP = "Print one JSON object: settings, and marks with a row of figures each."

bench_app = typer.Typer(name="bench", help="Measure speed and endurance.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    bench_commits.register(bench_app)
    bench_fairness.register(bench_app)
    bench_resilience.register(bench_app)
    app.add_typer(bench_app)


@bench_app.callback()
def bench() -> None:
    """Measure speed and endurance."""


@bench_app.command()
def endless(
    model: Annotated[Path, typer.Option(help=MODEL_HELP)] = Path("tests/golden/tiny_model"),
    videos: Annotated[Path, typer.Option(help=VIDEOS_HELP)] = Path("tests/golden/stream"),
    frames: Annotated[int, typer.Option(help=FRAMES_HELP, min=1)] = 1_000_000,
    retain: Annotated[int | None, typer.Option(help=RETAIN_HELP, min=0)] = None,
    max_narration_tokens: Annotated[int | None, typer.Option(help=BUDGET_HELP, min=0)] = None,
    history: Annotated[str | None, typer.Option(help=HISTORY_HELP)] = None,
    seed: Annotated[int, typer.Option(help=SEED_HELP)] = 0,
    device: Annotated[str, typer.Option(help=DEVICE_HELP)] = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Narrate one stream of any length and show that it stays what it was.

    The stream is stitched from recorded segments in random order, so that it is known what is right. At 1,000
    frames, at every power of ten and at the end, a row says how right the texts were since the row before,
    and how long steps, cache and memory are now.

    Examples:

      flownar bench endless --frames 1000000 --retain 4

      flownar bench endless --frames 10000 --max-narration-tokens 200 --json
    """
    from operators.frames.threads import use_one_thread  # noqa: PLC0415
    from topologies.bench.endless import EndlessSettings, run_endless  # noqa: PLC0415

    if history is not None:
        from topologies.cli.evaluate import check_history  # noqa: PLC0415

        check_history(history)
    for path, option in ((model, "--model"), (videos, "--videos")):
        if not path.is_dir():
            fail(f"{option}: there is no folder {path}.", exit_code=EXIT_USAGE)
    use_one_thread()
    asked = {"retain_narrations": retain, "max_narration_tokens": max_narration_tokens, "history": history}
    wanted: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}

    def changed(own: "StreamSettings") -> "StreamSettings":
        return replace(own, **wanted)

    rows = []
    with err.status(f"narrating {frames:,} frames") as status:
        for row in run_endless(EndlessSettings(model, videos, frames, changed, seed, device)):
            rows.append(row)
            status.update(f"narrating: {row['frames']:,} of {frames:,} frames")
            if not as_json:
                _show(row, is_first=len(rows) == 1)
    if as_json:
        print_json(
            {"model": str(model), "frames": frames, "seed": seed, "device": device, **wanted, "marks": rows}
        )


@bench_app.command()
def agreement(
    model: Annotated[Path, typer.Option(help=MODEL_HELP)] = Path("tests/golden/tiny_model"),
    videos: Annotated[Path | None, typer.Option(help=AGREEMENT_VIDEOS_HELP)] = None,
    frames: Annotated[int, typer.Option(help=FRAMES_HELP, min=2)] = 60,
    device: Annotated[str, typer.Option(help=DEVICE_HELP)] = "auto",
    dtype: Annotated[str, typer.Option(help=DTYPE_HELP)] = "auto",
    reference_device: Annotated[str, typer.Option(help=DEVICE_HELP)] = "cpu",
    reference_dtype: Annotated[str, typer.Option(help=DTYPE_HELP)] = "float32",
    max_new_tokens: Annotated[int | None, typer.Option(help=TOKENS_HELP, min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare a model's numbers between two devices or precisions.

    The stream is narrated on the reference side; the other side repeats its decisions and texts, and all
    logits are compared. A decision or token differs if the other side would have chosen otherwise.

    Examples:

      flownar bench agreement --device cuda --dtype float32 --videos tests/golden/stream

      flownar bench agreement --model released --device cuda --dtype bfloat16 --reference-device cuda --json
    """
    from topologies.bench.agreement import AgreementSettings, Placement, measure_agreement  # noqa: PLC0415

    settings = AgreementSettings(
        model=model,
        videos=videos,
        num_frames=frames,
        ours=Placement(device, dtype),
        reference=Placement(reference_device, reference_dtype),
        max_new_tokens=max_new_tokens,
    )
    with err.status("narrating on both sides"):
        figures = measure_agreement(settings)
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        shown = f"{value:.3g}" if isinstance(value, float) else value
        out.print(f"{name.replace('_', ' '):24} {shown}", highlight=False)


COLUMNS = {
    "frames": "frames",
    "texts_right": "right",
    "activity_right": "activity",
    "at_true_end": "in time",
    "step_ms_p50": "step ms",
    "step_ms_p95": "p95",
    "cache_tokens_mean": "cache",
    "cache_tokens_max": "most",
    "memory_state_bytes": "memory B",
    "process_mib": "MiB",
}
"""Figure: its heading."""


def _show(row: dict[str, Any], *, is_first: bool) -> None:
    if is_first:
        out.print("".join(f"{heading:>9}" for heading in COLUMNS.values()), style="bold", highlight=False)
    out.print("".join(f"{row[name]:>9}" for name in COLUMNS), highlight=False)
