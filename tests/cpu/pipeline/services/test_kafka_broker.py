from pathlib import Path

from pipeline.services.kafka_broker import can_archive_classes


def runtime(home: Path, *, archive: bool) -> str:
    """A Java runtime as far as it matters here, behind a link as on Debian."""
    (home / "bin").mkdir(parents=True)
    (home / "lib" / "server").mkdir(parents=True)
    java = home / "bin" / "java"
    java.touch()
    if archive:
        (home / "lib" / "server" / "classes.jsa").touch()
    link = home.parent / f"java-of-{home.name}"
    link.symlink_to(java)
    return str(link)


def test_a_whole_runtime_can_archive_the_broker_s_classes(tmp_path: Path) -> None:
    assert can_archive_classes(runtime(tmp_path / "whole", archive=True))


def test_a_trimmed_runtime_would_refuse_to_start(tmp_path: Path) -> None:
    assert not can_archive_classes(runtime(tmp_path / "trimmed", archive=False))
