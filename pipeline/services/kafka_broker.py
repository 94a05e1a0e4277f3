"""The local Kafka: one KRaft node on loopback, from its jars."""

import base64
import hashlib
import os
import subprocess
import uuid
from pathlib import Path
from string import Template

from pipeline.config import KafkaSettings, Settings
from pipeline.errors import KafkaUnavailableError, ServiceError
from pipeline.services.kafka_jars import INFRA, ensure_jars
from pipeline.services.ports import HOST, choose_port
from pipeline.services.process import ProcessRecord, spawn
from pipeline.services.programs import require
from pipeline.services.readiness import accepts_connections

NAME = "kafka"

FORMAT_DEADLINE_S = 60.0
"""Formatting the data folder takes 2 s; a machine under load takes longer."""

JVM_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
"""For a small broker that should start fast: no parallel collector, no optimising compiler."""


def start_kafka(settings: Settings, folder: Path) -> ProcessRecord:
    """Start a broker whose data, settings and logs are in `folder`; it may not answer yet.

    Raises:
        ServiceError: Java or the jars are missing, or the data folder can't be formatted.
    """
    java = require("java")
    jars = ensure_jars(settings)
    services = settings.services
    port = choose_port(services.kafka_port)
    controller_port = choose_port(services.controller_port, avoid=frozenset({port}))
    internal_port = choose_port(0, avoid=frozenset({port, controller_port}))
    properties = folder / "server.properties"
    template = Template((INFRA / "server.properties").read_text(encoding="utf-8"))
    properties.write_text(
        template.substitute(
            port=port,
            controller_port=controller_port,
            internal_port=internal_port,
            advertised=services.kafka_advertised or f"{HOST}:{port}",
            data_dir=folder / "data",
        ),
        encoding="utf-8",
    )
    class_path = os.pathsep.join(sorted(str(jar) for jar in jars.glob("*.jar")))
    archive = _class_archive(settings, java, class_path)
    flags = [*JVM_FLAGS, f"-XX:SharedArchiveFile={archive}"] if archive.is_file() else list(JVM_FLAGS)
    if not (folder / "data" / "meta.properties").is_file():
        _format_data_folder([java, *flags, "-cp", class_path], properties)
    # The first broker archives its loaded classes when it ends; later ones start in half the time.
    has_archive = archive.is_file() or not can_archive_classes(java)
    new_archive = "" if has_archive else f"{archive}.{uuid.uuid4().hex}.new"
    if new_archive:
        archive.parent.mkdir(parents=True, exist_ok=True)
        flags.append(f"-XX:ArchiveClassesAtExit={new_archive}")
    log_file = folder / "broker.log"
    argv = [java, f"-Xmx{services.kafka_heap_mb}m", *flags, "-cp", class_path]
    argv += [f"-Dlog4j2.configurationFile={INFRA / 'log4j2.yaml'}", f"-Dflownar.log={log_file}"]
    return spawn(
        NAME,
        [*argv, "kafka.Kafka", str(properties)],
        port=port,
        log_file=log_file,
        out_file=folder / "broker.out",
        archive=new_archive,
    )


def kafka_answers(port: int) -> bool:
    """Whether the broker has registered with its controller, so that topics can be created."""
    if not accepts_connections(port):
        return False
    # kafka-python takes half a second to import: not before it is needed.
    from pipeline.kafka_io.admin import KafkaAdmin  # noqa: PLC0415

    try:
        with KafkaAdmin(KafkaSettings(bootstrap_servers=f"{HOST}:{port}"), timeout_s=5.0) as admin:
            return bool(admin.describe_cluster()["brokers"])
    except KafkaUnavailableError:
        return False


def keep_class_archive(record: ProcessRecord, *, complete: bool) -> None:
    """Put the class archive that an ended broker wrote in its place, or remove it if it may be incomplete."""
    if not record.archive:
        return
    written = Path(record.archive)
    if complete and written.is_file():
        written.replace(written.with_suffix("").with_suffix(""))
    else:
        written.unlink(missing_ok=True)


def can_archive_classes(java: str) -> bool:
    """Whether a Java runtime has the base archive that another one builds on; trimmed ones lack it."""
    return any((Path(os.path.realpath(java)).parents[1] / "lib" / "server").glob("classes*.jsa"))


def _class_archive(settings: Settings, java: str, class_path: str) -> Path:
    # Archives fit one Java runtime and one class path only.
    key = "\n".join([os.path.realpath(java), class_path, *JVM_FLAGS])
    return settings.cache_dir / f"kafka-classes-{hashlib.sha256(key.encode()).hexdigest()[:16]}.jsa"


def _format_data_folder(java: list[str], properties: Path) -> None:
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # The tool would take a leading '-' for an option.
    argv = [
        *java,
        "kafka.tools.StorageTool",
        "format",
        "-t",
        cluster_id.replace("-", "_"),
        "-c",
        str(properties),
    ]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=FORMAT_DEADLINE_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise ServiceError(
            f"Formatting Kafka's data folder took more than {FORMAT_DEADLINE_S:g} s."
        ) from error
    if done.returncode:
        reason = "\n    ".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise ServiceError(
            f"Kafka's data folder can't be formatted:\n    {reason}",
            action="If it is damaged, remove it with: flownar down --volumes",
        )
