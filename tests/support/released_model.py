"""The recorded released model, copied so that tests can change it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

TINY_MODEL = Path(__file__).parents[1] / "golden/tiny_model"
PREFIX = "base_model.model."


def copy_released_model(path: Path) -> Path:
    """A copy of the recorded model in a folder that may be changed."""
    return Path(shutil.copytree(TINY_MODEL, path))


def change_json(path: Path, **values: Any) -> None:
    """Set keys of a JSON object; None removes the key."""
    data = json.loads(path.read_text()) | values
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not None}))


def change_tensors(path: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    """Let `change` alter the tensors of a safetensors file."""
    tensors = load_file(path)
    change(tensors)
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, path)
