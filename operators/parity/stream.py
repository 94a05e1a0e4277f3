"""Self-conditioned streaming against the recorded runs, through the engine that the pipeline uses."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from operators.checkpoints.load import load_model
from operators.narrator.context import REFERENCE
from operators.narrator.engine import NarratorEngine
from operators.narrator.model import NarratorModel
from operators.narrator.sequences.pieces import FRAME_TOKEN, opening
from operators.narrator.streams.memory_slots import HistoryPool
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.sizing import unpruned_sizes
from operators.narrator.types import FrameInput, FramePosition
from operators.parity.comparison import UNREADABLE, Comparison, FileResult
from operators.parity.recorded_settings import RecordedSettings
from operators.parity.stream_trace import StreamTrace, TraceObserver

PART = "stream"
P_TOLERANCE = 1e-4
"""Absolute tolerance of probabilities; rounding in float32 is about 1e-6."""
LOGIT_TOLERANCE = 1e-3
"""Absolute tolerance of distances between logits."""
MEMORY_TOLERANCE = 1e-5
EMBEDDING_TOLERANCE = 1e-4


def check_stream(folder: Path, device: str = "cpu") -> Iterator[FileResult]:
    """Narrate every recorded video under the rules `reference` and compare with its runs, file by file.

    Args:
        folder: A folder in the form of tests/golden: stream/video_*.npz, memory_*.npz and runs as JSON.
        device: Where the engine runs, in float32.

    Raises:
        FlowNarError: The model can't be loaded.
        OSError, KeyError: A file is not of the recorded form.
    """
    model = load_model(folder / "tiny_model", device, dtype="float32")
    placeholder = RecordedSettings.from_folder(folder / "tiny_model").vision_id
    runs = {path: json.loads(path.read_text()) for path in sorted((folder / PART).glob("*_video_*.json"))}
    runs = {path: run for path, run in runs.items() if isinstance(run, dict) and "p_skip" in run}
    for video in sorted({run["video"] for run in runs.values()}):
        of_video = {f"{PART}/{path.name}": run for path, run in runs.items() if run["video"] == video}
        try:
            features = torch.from_numpy(np.load(folder / PART / video)["features"])
            traces = narrate(model, features, list(of_video.values()))
        except UNREADABLE as error:
            yield from (FileResult.of_failure(file, PART, repr(error)) for file in of_video)
            continue
        for (file, run), trace in zip(of_video.items(), traces, strict=True):
            yield _compare(file, model, run, trace, placeholder)
    for path in sorted((folder / PART).glob("memory_*.npz")):
        features = np.load(folder / PART / path.name.removeprefix("memory_"))["features"]
        tokens = torch.from_numpy(features).to(device)
        yield _compare_memory(f"{PART}/{path.name}", model, tokens, np.load(path))


def narrate(
    model: NarratorModel, features: torch.Tensor, runs: Sequence[dict[str, Any]]
) -> list[StreamTrace]:
    """Narrate a video once per run, all runs in one batch.

    Args:
        model: The model.
        features: The video [T, N, D].
        runs: Recorded settings.

    Returns:
        A trace per run.
    """
    num_frames = len(features)
    longest = max(run["max_new_tokens"] for run in runs)
    limits = replace(
        model.config.limits,
        max_new_tokens=longest,
        max_narration_tokens=num_frames * (longest + 8),
        max_segment_frames=num_frames,
    )
    model = replace(model, config=replace(model.config, limits=limits))
    observer = TraceObserver(model.layout)
    sizes = unpruned_sizes(num_frames, model)
    engine = NarratorEngine(model, num_slots=len(runs), rules=REFERENCE, sizes=sizes, observer=observer)
    names = [str(number) for number in range(len(runs))]
    for name, run in zip(names, runs, strict=True):
        engine.open_stream(name, stream_settings(model, run))
    for number, frame in enumerate(features):
        engine.step(
            [
                FrameInput(
                    stream=name,
                    position=FramePosition(number),
                    capture_time_ns=round(number / model.config.fps * 1e9),
                    features=frame,
                    end_of_stream=number + 1 == num_frames,
                )
                for name in names
            ]
        )
    return [observer.traces[name] for name in names]


def stream_settings(model: NarratorModel, run: dict[str, Any]) -> StreamSettings:
    """Settings of a recorded run."""
    single = run["decoding_strategy"] == "single_threshold"
    return replace(
        StreamSettings.from_config(model.config),
        theta=run["decoding_threshold"],
        theta_low=run["decoding_threshold"] if single else run["decoding_threshold_low"],
        average_segment_s=run["avg_duration"] / model.config.fps,
        max_new_tokens=run["max_new_tokens"],
        retain_narrations=run["last_k_narration"],
        history="retain_all" if run["mode"] == "base" else model.memory.name,
    )


def _compare(
    file: str, model: NarratorModel, run: dict[str, Any], trace: StreamTrace, placeholder: int
) -> FileResult:
    result = Comparison(file, PART)
    fed = [i for piece in opening(model.layout, model.layout.user(None)) for i in piece.token_ids]
    prompt_ids = [placeholder if i == FRAME_TOKEN else i for i in fed]
    said = [o.narration for o in trace.outcomes if o.narration is not None]
    texts = [model.layout.decode(n.token_ids, special_tokens=True) for n in said]
    result.equal("prompt_input_ids", prompt_ids, run["prompt_input_ids"])
    result.equal("narration_frames", [n.frame for n in trace.narrations], run["narration_frames"])
    result.equal("output_ids", [list(n.token_ids) for n in said], run["output_ids"])
    result.equal("texts", texts, run["texts"])
    result.close("p_skip", [o.p_skip for o in trace.outcomes][1:], run["p_skip"][1:], P_TOLERANCE)
    result.close("p_end", trace.p_end[1:], run["p_end"][1:], P_TOLERANCE)
    thresholds = [o.threshold for o in trace.outcomes][1:]
    result.equal("threshold_per_frame", thresholds, run["threshold_per_frame"][1:])
    result.equal("argmax_id", trace.argmax_id[1:], run["argmax_id"][1:])
    for name in (
        "num_new_tokens",
        "cache_len_after_forward",
        "last_position_after_forward",
        "cache_len_after_frame",
        "last_position_after_frame",
    ):
        result.equal(name, getattr(trace, name), run[name])
    result.equal("narration_cache", _narration_cache(trace), run["narration_cache"])
    _compare_margins(result, trace, run["margins"])
    return result.result()


def _narration_cache(trace: StreamTrace) -> list[dict[str, Any]]:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list | tuple) else value

    return [plain(asdict(narration)) for narration in trace.narrations]


def _compare_margins(result: Comparison, trace: StreamTrace, margins: dict[str, float | None]) -> None:
    decisions = trace.outcomes[1:]
    distances = [abs(o.p_skip - o.threshold) for o in decisions]
    ours = {
        "min_abs_p_skip_minus_threshold": (distances, P_TOLERANCE),
        "min_token_logit_margin": (trace.token_margins, LOGIT_TOLERANCE),
        "min_margin_best_nonskip_token_at_triggers": (trace.trigger_margins, LOGIT_TOLERANCE),
    }
    for name, recorded in margins.items():
        values, tolerance = ours[name]
        if recorded is None or not values:
            result.equal(name, min(values, default=None), recorded)
        else:
            result.close(name, min(values), recorded, tolerance)


@torch.inference_mode()
def _compare_memory(file: str, model: NarratorModel, features: torch.Tensor, recorded: Any) -> FileResult:
    result = Comparison(file, PART)
    num_tokens, dim = features.shape[1:]
    read = {}
    for name, lags in (("memory_used", True), ("memory_after_full_frame", False)):
        pool = HistoryPool(
            model.memory, 1, num_frame_tokens=num_tokens, dim=dim, lags=lags, device=features.device
        )
        rows = []
        for frame in features:
            pool.update([0], frame[None])
            rows.append(pool.read([0])[0])
        read[name] = torch.stack(rows)
        result.close(name, read[name].cpu(), recorded[name], MEMORY_TOLERANCE)
    embedded = {"memory_embeds": read["memory_used"], "frame_embeds": features}
    for name, tokens in embedded.items():
        result.close(name, model.connector(tokens).cpu(), recorded[name], EMBEDDING_TOLERANCE)
    return result.result()
