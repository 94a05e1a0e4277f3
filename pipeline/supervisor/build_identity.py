"""What a running topology was started from: build, model and settings, as hashes to be compared."""

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from operators.checkpoints.folder import model_hash
from pipeline.config import Settings
from pipeline.messages.status import RunIdentity

PACKAGES = ("kernels", "operators", "pipeline", "topologies")

_ROOT = Path(__file__).resolve().parents[2]
_NOT_COMPARED: dict[str, bool | set[str]] = {
    "state_dir": True,
    "cache_dir": True,
    "services": True,
    "ray": True,
    # Needed for one start only.
    "commit": {"accept_state_loss"},
}


def run_identity(settings: Settings) -> RunIdentity:
    """The identity of a start with these settings and this source.

    Raises:
        CheckpointError: The model folder is not complete.
    """
    return RunIdentity(
        application=settings.kafka.application,
        version=_version(),
        source_hash=source_hash(_ROOT),
        model_hash=model_hash(settings.model.path),
        settings_hash=settings_hash(settings),
    )


def source_hash(root: Path) -> str:
    """12 hex digits over names and contents of the packages' Python files below `root`."""
    digest = hashlib.sha256()
    files = sorted(file for package in PACKAGES for file in (root / package).rglob("*.py"))
    for file in files:
        digest.update(f"{file.relative_to(root).as_posix()}\n{file.stat().st_size}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def settings_hash(settings: Settings) -> str:
    """12 hex digits over the settings that actors see; secrets count as set or not set."""
    text = settings.model_dump_json(exclude=_NOT_COMPARED)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _version() -> str:
    try:
        return version("flownar")
    except PackageNotFoundError:
        # A job's working directory holds the source without being installed.
        return "source"
