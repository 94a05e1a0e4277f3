"""Where the parts of a released model lie."""

from pathlib import Path
from typing import Any

from operators.checkpoints.released import peft_adapter
from operators.errors import CheckpointError

BASE = "base"
ADAPTER = "adapter"


def find_adapter(path: Path) -> Path | None:
    """The adapter's folder of a released model; None if `path` is none."""
    candidates = (path / ADAPTER, path)
    return next((folder for folder in candidates if (folder / peft_adapter.CONFIG).is_file()), None)


def find_base(path: Path, adapter: Path, settings: dict[str, Any]) -> Path:
    """The folder of the language model that an adapter belongs to.

    Args:
        path: The folder that was given; its base/ comes first.
        adapter: The adapter's folder.
        settings: Its adapter_config.json.

    Raises:
        CheckpointError: It is nowhere.
    """
    adapter = adapter.absolute()
    name = str(settings.get("base_model_name_or_path") or BASE)
    candidates = [adapter / name, adapter.parent / name, adapter.parent / BASE, adapter / BASE]
    if path.absolute() != adapter:
        candidates.insert(0, path / BASE)
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise CheckpointError(
        f"the base {name!r} of the adapter {adapter} is not there.",
        action=f"Put or link its folder beside the adapter: {adapter.parent / BASE}",
    )
