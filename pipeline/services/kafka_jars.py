"""The broker's jars: infra/kafka names them (pom.xml) and their checksums, Maven fetches them.

`python -m pipeline.services.kafka_jars` fetches and checks them ahead of the first `flownar up`.
"""

import hashlib
import logging
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline.config import Settings, load_settings
from pipeline.errors import ServiceError
from pipeline.services.programs import require
from pipeline.settings.models import REPO_ROOT

_log = logging.getLogger(__name__)

KAFKA_VERSION = "4.1.1"
INFRA = REPO_ROOT / "infra" / "kafka"

_STAMP = "checksums.sha256"

_checked: set[Path] = set()
"""Folders that this process has checked: hashing 43 MB takes half a second, and more beside busy threads."""

FETCH_DEADLINE_S = 600.0
"""43 MB from a registry; 30 s is usual."""


def ensure_jars(settings: Settings) -> Path:
    """The folder with the broker's jars; they are fetched if they are not there yet.

    Raises:
        ServiceError: They can't be fetched, or are not the ones that the checksums name.
    """
    if settings.services.kafka_libs is not None:
        folder = settings.services.kafka_libs
        if folder not in _checked:
            check_jars(folder)
            _checked.add(folder)
        return folder
    folder = _cache_folder(settings)
    if not jars_are_there(settings):
        _fetch(folder)
        # Hashing 43 MB takes half a second: it is done once, and the stamp is the last file to be written.
        (folder / _STAMP).write_bytes((INFRA / _STAMP).read_bytes())
    return folder


def jars_are_there(settings: Settings) -> bool:
    """Whether `ensure_jars` needs no Maven: the jars were fetched and checked before, or are given."""
    stamp = _cache_folder(settings) / _STAMP
    fetched = stamp.is_file() and stamp.read_bytes() == (INFRA / _STAMP).read_bytes()
    return fetched or settings.services.kafka_libs is not None


def check_jars(folder: Path) -> None:
    """Compare every jar with its checksum.

    Raises:
        ServiceError: A jar is missing, unknown or another one than it must be.
    """
    wanted = _checksums()
    found = {path.name: path for path in folder.glob("*.jar")}
    wrong = [name for name in wanted if name not in found]
    wrong += [name for name in found if name not in wanted]
    wrong += [name for name, digest in wanted.items() if name in found and _sha256(found[name]) != digest]
    if wrong:
        raise ServiceError(
            f"The jars in {folder} do not match infra/kafka/checksums.sha256: {', '.join(sorted(wrong))}.",
            action="Remove the folder and run the command again.",
        )


def _cache_folder(settings: Settings) -> Path:
    return settings.cache_dir / f"kafka-{KAFKA_VERSION}"


def _fetch(folder: Path) -> None:
    mvn = require("mvn")
    require("java")
    _log.info("fetching the jars of Kafka %s with Maven", KAFKA_VERSION)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Fetched beside the folder and moved when checked, so that an interrupted fetch leaves nothing half done.
    temporary = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        _run_maven(mvn, temporary)
        check_jars(temporary)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.chmod(0o755)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _run_maven(mvn: str, folder: Path) -> None:
    argv = [mvn, "-q", "-B", "-f", str(INFRA / "pom.xml"), "dependency:copy-dependencies"]
    argv += ["-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=FETCH_DEADLINE_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise ServiceError(f"Maven did not fetch the jars within {FETCH_DEADLINE_S:g} s.") from error
    if done.returncode:
        reason = "\n    ".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise ServiceError(
            f"Maven could not fetch the jars of Kafka {KAFKA_VERSION}:\n    {reason}",
            action="Check the network, or set KAFKA_LIBS to a folder that has them.",
        )


def _checksums() -> dict[str, str]:
    lines = (INFRA / "checksums.sha256").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    """Fetch and check the jars; the folder goes to the log."""
    logging.basicConfig(level=logging.INFO, format="kafka: %(message)s")
    try:
        _log.info("the jars are in %s", ensure_jars(load_settings().settings))
    except ServiceError as error:
        _log.error("%s", error)
        sys.exit(1)


if __name__ == "__main__":
    main()
