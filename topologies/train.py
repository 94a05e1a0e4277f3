"""Train the world's model and write its folder: `python -m topologies.train --out models/world`.

Made for one large GPU with many cores; `--smoke` runs every stage for seconds on a CPU and learns nothing.
"""

import argparse
import json
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path

import torch

from operators.checkpoints.load import load_model, model_hash
from operators.checkpoints.placement import resolve_device
from operators.encoder.frame_encoder import FrameEncoder
from operators.memory.histories.spec import LEARNED_NAMES
from operators.narrator.streams.settings import StreamSettings
from operators.training.run import TrainingResult, run_training
from operators.training.settings import demo_settings, smoke_settings
from topologies.evaluate import narrate_videos
from topologies.evaluation_report import EvaluationReport, EvaluationVideo

log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, train, evaluate on the validation videos, write a report."""
    options = _parse(arguments)
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if options.log is not None:
        handlers.append(logging.FileHandler(options.log))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", handlers=handlers)
    device = resolve_device(options.device)
    workers = options.workers or max(1, (os.cpu_count() or 2) - 1)
    settings = smoke_settings(workers) if options.smoke else demo_settings(options.seconds, workers)
    if options.first_seed is not None:
        settings = replace(settings, data=replace(settings.data, first_seed=options.first_seed))
    settings = replace(settings, sizes=replace(settings.sizes, memory_kind=options.memory))
    result = run_training(settings, options.out, device)
    report: dict[str, object] = {"model_hash": model_hash(options.out), "device": _device_name(device)}
    report |= _figures(result) | _evaluate(options.out, result, device)
    if options.report is not None:
        options.report.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


def _evaluate(path: Path, result: TrainingResult, device: torch.device) -> dict[str, object]:
    """Stream the validation videos through the model as it was written to disk."""
    encoder, model = FrameEncoder.load(path, device), load_model(path, device)
    videos = [
        EvaluationVideo(sample.seed, sample.frames, sample.times_s, sample.opening, sample.narrations)
        for sample in sorted(result.validation, key=lambda sample: sample.seed)
    ]
    figures: dict[str, object] = {}
    for history in (model.memory.name, "none"):
        settings = replace(StreamSettings.from_config(model.config), history=history)
        narrated = narrate_videos(encoder, model, videos, settings)
        report = EvaluationReport(tuple(narrated), {"history": history})
        log.info(
            "history %s: f1 %.3f, needs memory right %.3f",
            history,
            report.score.f1,
            report.score.needs_memory_right,
        )
        figures[f"history_{history}"] = report.to_json()
    return figures


def _figures(result: TrainingResult) -> dict[str, object]:
    return {
        "num_videos": result.num_videos,
        "tower_accuracy": result.tower_accuracy,
        "memory_accuracy": result.memory_accuracy,
        "memory_by_age": result.memory_by_age,
        "losses": result.losses,
    }


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m topologies.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument(
        "--seconds", type=float, default=840.0, help="time for everything (default: %(default)s)"
    )
    parser.add_argument("--workers", type=int, help="rendering processes (default: all cores but one)")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: %(default)s)")
    parser.add_argument(
        "--memory", choices=LEARNED_NAMES, default="clam", help="kind of memory (default: %(default)s)"
    )
    parser.add_argument("--first-seed", type=int, help="seed of the first training video")
    parser.add_argument(
        "--smoke", action="store_true", help="a tiny model, a few steps: does everything run?"
    )
    parser.add_argument("--log", type=Path, help="file that the progress is written to, besides stderr")
    parser.add_argument("--report", type=Path, help="JSON file for accuracies and scores")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
