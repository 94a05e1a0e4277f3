"""What the demo shows: narrations as they land, and the table at the end. Fits 100 columns."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from operators.scoring import NarrationScore
from topologies.demo.settings import MIN_MEAN_F1
from topologies.demo.verify import CameraResult, SeenNarration, mean_f1, percentile

_COLOURS = ("cyan", "green", "magenta", "yellow")


def show_narration(console: Console, seen: SeenNarration, streams: Sequence[str], start_ns: int) -> None:
    """Print one narration: seconds of the video that it speaks of, camera, text, how late it was visible."""
    narration = seen.event.narration
    colour = _COLOURS[streams.index(seen.event.stream) % len(_COLOURS)]
    start_s, end_s = (
        max(0.0, (time_ns - start_ns) / 1e9) for time_ns in (narration.start_time_ns, narration.end_time_ns)
    )
    console.print(
        f"[dim]{start_s:5.1f} - {end_s:5.1f} s[/]  [{colour}]{seen.event.stream:<12}[/] "
        f"{escape(narration.text)}  [dim]+{seen.latency_s:.1f} s[/]",
        highlight=False,
    )


def show_results(console: Console, results: Sequence[CameraResult], captioned: Mapping[str, Path]) -> None:
    """Print a table with a row per camera, the dead letters by code, what went wrong, and the files."""
    table = Table(title="What the cameras sent and what was narrated", title_justify="left")
    table.add_column("camera", no_wrap=True)
    for heading in ("frames in", "dead letters", "narra-\ntions", "F1", "memory right", "p50", "p95"):
        table.add_column(heading, justify="right")
    for result in results:
        table.add_row(
            result.stream,
            str(result.num_frames),
            str(result.dead_letters.total()),
            str(result.num_narrations),
            f"{result.score.f1:.2f}",
            f"{result.score.memory_matched} of {result.score.memory_expected}",
            _seconds(percentile(result.latencies_s, 0.5)),
            _seconds(percentile(result.latencies_s, 0.95)),
        )
    console.print(table)
    for result in results:
        if result.dead_letters:
            codes = ", ".join(
                f"{code} {count}" if count > 1 else code
                for code, count in sorted(result.dead_letters.items())
            )
            console.print(f"dead letters of {result.stream}: {codes}", highlight=False)
    for stream, path in captioned.items():
        console.print(f"captioned video of {stream}: [bold]{path}[/]", highlight=False)
    for result in results:
        for problem in result.problems:
            console.print(f"[bold red]{result.stream}:[/] {escape(problem)}", highlight=False)


def results_json(results: Sequence[CameraResult], extra: Mapping[str, Any]) -> dict[str, Any]:
    """The same as one JSON object."""
    total = sum((result.score for result in results), NarrationScore())
    latencies = [latency for result in results for latency in result.latencies_s]
    return {
        **extra,
        "mean_f1": mean_f1(results),
        "memory_expected": total.memory_expected,
        "memory_matched": total.memory_matched,
        "latency_p50_s": _rounded(percentile(latencies, 0.5)),
        "latency_p95_s": _rounded(percentile(latencies, 0.95)),
        "cameras": [
            {
                "stream": result.stream,
                "frames": result.num_frames,
                "dead_letters": dict(sorted(result.dead_letters.items())),
                "narrations": result.num_narrations,
                "f1": round(result.score.f1, 4),
                "latency_p50_s": _rounded(percentile(result.latencies_s, 0.5)),
                "latency_p95_s": _rounded(percentile(result.latencies_s, 0.95)),
                "problems": list(result.problems),
            }
            for result in results
        ],
    }


def _seconds(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f} s"


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)


def show_verdict(console: Console, results: Sequence[CameraResult], *, passed: bool) -> None:
    """Print whether the demo passed, with the figures that decide it."""
    latencies = [latency for result in results for latency in result.latencies_s]
    verdict = "[bold green]passed[/]" if passed else "[bold red]failed[/]"
    console.print(
        f"{verdict}: mean F1 {mean_f1(results):.2f} (at least {MIN_MEAN_F1}), latency "
        f"p50 {_seconds(percentile(latencies, 0.5))}, p95 {_seconds(percentile(latencies, 0.95))}",
        highlight=False,
    )


def show_next_steps(console: Console, state_dir: Path) -> None:
    """Print what to try with a system that was left running."""
    console.print("Everything is still running. What to try next:")
    for command in (
        f"export FLOWNAR_STATE_DIR={state_dir}",
        "flownar status",
        "flownar watch --from beginning",
        "flownar publish world:200777 --stream bench/mine",
        "flownar dlq list",
        "flownar stop live && flownar down --volumes",
    ):
        console.print(f"  {command}", highlight=False, markup=False)
