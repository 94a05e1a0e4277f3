"""The two JSON layouts of narrations, read once into frozen clips.

`ego4d`: {video: {"start, end": {annotator: {"narration": [narration, ...]}}}}, predictions
{video: {"start, end": [narration, ...]}}; every interval is a clip that begins at `start`.
`flat`: {video: [[narration, ...] of each annotator]}, predictions {video: [narration, ...]}; every video is a
clip, and the first segment begins at 0 wherever the clip does.
A narration is {"time": seconds, "text": text}.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from operators.errors import OperatorError
from operators.scoring.matching import PredictedNarration, TrueNarration

LAYOUTS = ("ego4d", "flat")


@dataclass(frozen=True, slots=True)
class AnnotatedClip:
    """A stretch of video with the narrations of its annotators.

    Attributes:
        name: `<video>` or `<video>_<interval>`.
        start_s: Begin of the first segment, seconds.
        annotations: Narrations of each annotator, in the order of the source.
    """

    name: str
    start_s: float
    annotations: tuple[tuple[TrueNarration, ...], ...]


def parse_truth(data: object, layout: str) -> tuple[AnnotatedClip, ...]:
    """Read ground truth.

    Args:
        data: What `json.load` gives.
        layout: One of `LAYOUTS`.

    Raises:
        OperatorError: The layout is unknown, or a value has the wrong type; the message names its place.
    """
    return tuple(
        AnnotatedClip(
            name,
            start_s,
            tuple(
                tuple(TrueNarration(time_s, text) for time_s, text in _narrations(narrations, place))
                for narrations, place in _annotators(value, layout, where)
            ),
        )
        for name, start_s, value, where in _clips(data, layout, "ground truth")
    )


def parse_predictions(data: object, layout: str) -> dict[str, tuple[PredictedNarration, ...]]:
    """Read predictions: narrations by the name of their clip.

    Args:
        data: What `json.load` gives.
        layout: One of `LAYOUTS`.

    Raises:
        OperatorError: The layout is unknown, or a value has the wrong type; the message names its place.
    """
    return {
        name: tuple(PredictedNarration(time_s, text) for time_s, text in _narrations(value, where))
        for name, _, value, where in _clips(data, layout, "predictions")
    }


def _clips(data: object, layout: str, where: str) -> Iterator[tuple[str, float, Any, str]]:
    """Name, start, value and place of every clip."""
    if layout not in LAYOUTS:
        raise OperatorError(f"Unknown layout {layout!r} of narrations.", action=f"Use one of {LAYOUTS}.")
    for video, value in _object(data, where).items():
        place = f"{where}[{video!r}]"
        if layout == "flat":
            yield video, 0.0, value, place
            continue
        for interval, inner in _object(value, place).items():
            yield f"{video}_{interval}", _start(interval, place), inner, f"{place}[{interval!r}]"


def _annotators(data: object, layout: str, where: str) -> Iterator[tuple[Any, str]]:
    """Narrations and place of every annotator of a clip."""
    if layout == "flat":
        for index, one in enumerate(_list(data, where)):
            yield one, f"{where}[{index}]"
        return
    for key, one in _object(data, where).items():
        place = f"{where}[{key!r}]"
        yield _field(_object(one, place), "narration", place), f"{place}['narration']"


def _start(interval: str, where: str) -> float:
    try:
        start_s, _ = (float(part) for part in interval.split(","))
    except ValueError:
        raise OperatorError(f'{where}: the key {interval!r} must be "start, end" in seconds.') from None
    return start_s


def _narrations(data: object, where: str) -> Iterator[tuple[float, str]]:
    for index, item in enumerate(_list(data, where)):
        place = f"{where}[{index}]"
        narration = _object(item, place)
        time_s, text = _field(narration, "time", place), _field(narration, "text", place)
        if isinstance(time_s, bool) or not isinstance(time_s, int | float) or not math.isfinite(time_s):
            raise _wrong(f"{place}['time']", "a finite number of seconds", time_s)
        if not isinstance(text, str):
            raise _wrong(f"{place}['text']", "a text", text)
        yield float(time_s), text


def _field(data: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in data:
        raise OperatorError(f"{where}: key {key!r} is missing.")
    return data[key]


def _object(data: object, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise _wrong(where, "an object", data)
    return data


def _list(data: object, where: str) -> list[Any]:
    if not isinstance(data, list):
        raise _wrong(where, "a list", data)
    return data


def _wrong(where: str, expected: str, data: object) -> OperatorError:
    return OperatorError(f"{where} must be {expected}, got {json.dumps(data, default=repr)[:80]}.")
