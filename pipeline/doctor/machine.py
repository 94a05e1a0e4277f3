"""This machine: versions, programs, room on the disk, the partitioner."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

from kafka.partitioner.default import murmur2 as kafka_murmur2

from pipeline.config import ResolvedSettings, Settings
from pipeline.doctor.finding import Finding, ok, problem, warning
from pipeline.services.kafka_jars import jars_are_there
from pipeline.services.programs import PACKAGES
from pipeline.wire.partitioner import CONTRACT_VECTORS, partition_of

PYTHON_MIN = (3, 11)
JAVA_MIN = 17
"""Kafka 4 needs it."""

DISK_MIN_BYTES = 5 * 2**30
"""An hour of frames of a few cameras, and some logs."""

_LIBRARIES = ("flownar", "torch", "ray", "kafka-python", "redis", "av", "tokenizers")
_PROGRAM_DEADLINE_S = 20.0


def check_settings(resolved: ResolvedSettings) -> list[Finding]:
    """Where the settings come from; they were checked when they were read."""
    origins = sorted({origin for origin in resolved.origins.values() if origin != "default"})
    return [ok("settings", f"valid; from {', '.join(origins) or 'defaults only'}")]


def check_versions() -> list[Finding]:
    """Python and the libraries that matter."""
    findings = []
    python = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON_MIN:
        findings.append(problem("versions", f"Python {python} is too old", "Install Python 3.11 or later."))
    found = [f"Python {python}"]
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            findings.append(problem("versions", f"{name} is not installed", "Run: make setup"))
    return [*findings, ok("versions", ", ".join(found))]


def check_programs(settings: Settings, *, needed: bool) -> list[Finding]:
    """The programs of the local services.

    Args:
        settings: `services` counts.
        needed: Some service is to run on this machine; otherwise a missing program is only a warning.
    """
    findings = []
    level = problem if needed else warning
    for program, package in PACKAGES.items():
        path = shutil.which(program)
        if path is not None:
            findings.append(_check_java(path) if program == "java" else ok("programs", f"{program}: {path}"))
        elif program != "mvn" or not jars_are_there(settings):
            message = f"{program} is not installed; `flownar up` needs it"
            findings.append(level("programs", message, f"apt-get install {package}"))
    return findings


def check_disk(settings: Settings) -> list[Finding]:
    """Room for the local services' data."""
    folder = settings.state_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < DISK_MIN_BYTES:
        message = f"{free / 2**30:.1f} GiB are free for {settings.state_dir}"
        return [warning("disk", message, "Make room, or set state_dir to another disk.")]
    return [ok("disk", f"{free / 2**30:.0f} GiB free for {settings.state_dir}")]


def check_partitioner() -> list[Finding]:
    """Whether we and kafka-python put the streams of the wire contract where the contract says."""
    for stream, partition in CONTRACT_VECTORS.items():
        theirs = (int(kafka_murmur2(stream.encode())) & 0x7FFFFFFF) % 64  # type: ignore[no-untyped-call]
        if not partition == partition_of(stream, 64) == theirs:
            message = f"{stream} belongs to partition {partition} of 64, kafka-python says {theirs}"
            return [problem("partitioner", message, "Install the locked version of kafka-python: make setup")]
    return [ok("partitioner", "murmur2 as in the wire contract")]


def _check_java(path: str) -> Finding:
    try:
        done = subprocess.run(  # noqa: S603
            [path, "-version"], capture_output=True, text=True, timeout=_PROGRAM_DEADLINE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return problem(
            "programs", f"java: {path} does not run: {error}", "apt-get install default-jre-headless"
        )
    match = re.search(r'version "(?:1\.)?(\d+)', done.stdout + done.stderr)
    if match is None or int(match[1]) < JAVA_MIN:
        found = match[1] if match else "an unknown version"
        return problem(
            "programs", f"java: {path} is {found}, Kafka needs {JAVA_MIN}", "Install a newer Java."
        )
    return ok("programs", f"java: {path}, version {match[1]}")
