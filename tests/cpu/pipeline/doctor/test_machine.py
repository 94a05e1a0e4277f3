from pathlib import Path

import pytest

from pipeline.config import ServicesSettings, Settings, load_settings
from pipeline.doctor import machine
from pipeline.doctor.machine import (
    check_disk,
    check_partitioner,
    check_programs,
    check_settings,
    check_versions,
)


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_missing_programs_matter_only_where_services_are_to_run(programs: Path, tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path)
    needed = check_programs(settings, needed=True)
    assert [(f.level, f.action) for f in needed] == [
        ("problem", "apt-get install default-jre-headless"),
        ("problem", "apt-get install maven"),
        ("problem", "apt-get install redis-server"),
    ]
    assert {f.level for f in check_programs(settings, needed=False)} == {"warning"}
    given = Settings(cache_dir=tmp_path, services=ServicesSettings(kafka_libs=tmp_path))
    assert "maven" not in str(check_programs(given, needed=True))


@pytest.mark.parametrize(
    ("script", "level", "word"),
    [
        ("echo 'openjdk version \"17.0.15\" 2025-04-15' >&2", "ok", "version 17"),
        ("echo 'openjdk version \"25\" 2025-09-16' >&2", "ok", "version 25"),
        ("echo 'java version \"1.8.0_301\"' >&2", "problem", "is 8, Kafka needs 17"),
        ("exit 1", "problem", "an unknown version"),
    ],
)
def test_java_must_be_new_enough(programs: Path, script: str, level: str, word: str) -> None:
    program(programs, "java", script)
    finding = check_programs(Settings(), needed=True)[0]
    assert finding.level == level
    assert word in finding.message


def test_a_disk_without_room_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(state_dir=tmp_path / "not" / "there")
    monkeypatch.setattr(machine, "DISK_MIN_BYTES", 0)
    assert check_disk(settings)[0].level == "ok"
    monkeypatch.setattr(machine, "DISK_MIN_BYTES", 2**60)
    assert check_disk(settings)[0].level == "warning"


def test_the_partitioners_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_partitioner()[0].level == "ok"
    monkeypatch.setattr(machine, "kafka_murmur2", lambda _: 0)
    assert check_partitioner()[0].level == "problem"


def test_versions_and_settings_are_told() -> None:
    assert [finding.level for finding in check_versions()] == ["ok"]
    resolved = load_settings({"live.credits": "7"}, environ={})
    assert "flag" in check_settings(resolved)[0].message
