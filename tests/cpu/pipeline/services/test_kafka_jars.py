import hashlib
import subprocess
from pathlib import Path

import pytest

from pipeline.config import ServicesSettings, Settings
from pipeline.errors import ServiceError
from pipeline.services import kafka_jars
from pipeline.services.kafka_jars import KAFKA_VERSION, ensure_jars
from pipeline.settings.models import REPO_ROOT

JARS = {"a.jar": b"first", "b.jar": b"second"}


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Checksums of two jars, and a Maven that copies what `JARS` says; the calls of it."""
    infra = tmp_path / "infra"
    infra.mkdir()
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in JARS.items()]
    (infra / "checksums.sha256").write_text("".join(lines))
    calls: list[list[str]] = []

    def run(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(argv)
        folder = Path(argv[-1].removeprefix("-DoutputDirectory="))
        for name, data in JARS.items():
            (folder / name).write_bytes(data)
        return subprocess.CompletedProcess(argv, 0, "", "")

    monkeypatch.setattr(kafka_jars, "INFRA", infra)
    monkeypatch.setattr(kafka_jars, "require", lambda program: program)
    monkeypatch.setattr(subprocess, "run", run)
    return calls


def test_jars_are_fetched_once_and_again_when_the_checksums_change(
    maven: list[list[str]], tmp_path: Path
) -> None:
    settings = Settings(cache_dir=tmp_path / "cache")
    folder = ensure_jars(settings)
    assert folder == tmp_path / "cache" / f"kafka-{KAFKA_VERSION}"
    assert {path.name: path.read_bytes() for path in folder.glob("*.jar")} == JARS
    assert ensure_jars(settings) == folder
    assert len(maven) == 1
    (folder / "checksums.sha256").write_text("of another version")
    ensure_jars(settings)
    assert len(maven) == 2


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.jar", b"changed"), ("c.jar", b"unknown"), ("b.jar", None)],
    ids=["other", "more", "less"],
)
def test_other_jars_than_the_checksums_name_are_refused(
    maven: list[list[str]], tmp_path: Path, name: str, data: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = JARS | {name: data} if data is not None else {"a.jar": JARS["a.jar"]}
    monkeypatch.setitem(globals(), "JARS", changed)
    with pytest.raises(ServiceError, match=name):
        ensure_jars(Settings(cache_dir=tmp_path / "cache"))
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_folder_that_is_given_is_checked_and_never_written(maven: list[list[str]], tmp_path: Path) -> None:
    libs = tmp_path / "libs"
    libs.mkdir()
    settings = Settings(services=ServicesSettings(kafka_libs=libs))
    with pytest.raises(ServiceError, match=r"a\.jar, b\.jar"):
        ensure_jars(settings)
    for jar, data in JARS.items():
        (libs / jar).write_bytes(data)
    assert ensure_jars(settings) == libs
    assert maven == []


def test_a_failing_maven_tells_its_reason(
    maven: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(argv, 1, "[ERROR] Unknown host\n", "")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ServiceError, match="Unknown host") as caught:
        ensure_jars(Settings(cache_dir=tmp_path / "cache"))
    assert "KAFKA_LIBS" in caught.value.action
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_version_is_that_of_the_artifacts_and_their_checksums() -> None:
    infra = REPO_ROOT / "infra" / "kafka"
    assert f"<kafka.version>{KAFKA_VERSION}</kafka.version>" in (infra / "pom.xml").read_text()
    assert f"kafka-server-{KAFKA_VERSION}.jar" in (infra / "checksums.sha256").read_text()
