"""What is true of a video: its narrations, the sidecar file that holds them, and which seeds may be used."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from operators.errors import OperatorError

TRAIN_SEEDS = range(100_000)
VALIDATION_SEEDS = range(100_000, 200_000)
TEST_SEEDS = range(200_000, 900_000)
MIN_DURATION_S, MAX_DURATION_S = 30.0, 7200.0


class WorldError(OperatorError):
    """A video of the world can't be made or its truth can't be read."""


@dataclass(frozen=True, slots=True)
class WorldNarration:
    """One activity and its sentence.

    Attributes:
        start_s: When the hand sets out, seconds from the video's start.
        end_s: When it has visibly finished: where a narrator should say `text`.
        text: The only right sentence.
        needs_memory: Whether the sentence depends on something that was visible only in earlier segments
            and that no earlier narration states.
    """

    start_s: float
    end_s: float
    text: str
    needs_memory: bool


@dataclass(frozen=True, slots=True)
class WorldTruth:
    """Everything that a sidecar file says about a video."""

    seed: int
    duration_s: float
    opening: str
    narrations: tuple[WorldNarration, ...]


def check_seed(seed: int) -> None:
    """Refuse seeds that no video may have.

    Raises:
        WorldError: The seed is negative or kept back.
    """
    if not 0 <= seed < TEST_SEEDS.stop:
        raise WorldError(
            f"{seed} can't be the seed of a world video: seeds go from 0 to {TEST_SEEDS.stop - 1}",
            action="Use 0-99999 for training, 100000-199999 for validation, 200000-899999 for tests.",
        )


def check_duration(duration_s: float) -> None:
    """Refuse videos that are too short or too long.

    Raises:
        WorldError: `duration_s` is not between 30 s and 2 h.
    """
    if not MIN_DURATION_S <= duration_s <= MAX_DURATION_S:
        raise WorldError(
            f"a world video can't be {duration_s:g} s long",
            action=f"Choose between {MIN_DURATION_S:g} and {MAX_DURATION_S:g} seconds.",
        )


def write_sidecar(path: Path, truth: WorldTruth) -> None:
    """Write the truth beside a video, times with three decimals."""
    narrations = [
        {
            "start": round(n.start_s, 3),
            "end": round(n.end_s, 3),
            "text": n.text,
            "needs_memory": n.needs_memory,
        }
        for n in truth.narrations
    ]
    value = asdict(truth) | {"narrations": narrations}
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def read_sidecar(path: Path) -> WorldTruth:
    """Read the truth of a video.

    Raises:
        WorldError: The file is missing or is not a sidecar.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        narrations = tuple(
            WorldNarration(float(n["start"]), float(n["end"]), str(n["text"]), bool(n["needs_memory"]))
            for n in value["narrations"]
        )
        return WorldTruth(int(value["seed"]), float(value["duration_s"]), str(value["opening"]), narrations)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorldError(
            f"{path} is not a truth sidecar: {error!r}",
            action="Write one with `flownar world render --seed S --seconds N --out VIDEO.mp4`.",
        ) from error
