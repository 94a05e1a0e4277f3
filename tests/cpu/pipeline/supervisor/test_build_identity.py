from pathlib import Path

from pipeline.config import CommitSettings, KafkaSettings, RaySettings, Settings
from pipeline.supervisor.build_identity import PACKAGES, settings_hash, source_hash


def write_source(root: Path, text: str) -> Path:
    for package in PACKAGES:
        (root / package).mkdir(parents=True, exist_ok=True)
    (root / "pipeline" / "a.py").write_text(text)
    return root


def test_any_change_of_the_source_shows(tmp_path: Path) -> None:
    before = source_hash(write_source(tmp_path, "x = 1\n"))
    assert source_hash(tmp_path) == before
    assert source_hash(write_source(tmp_path, "x = 2\n")) != before
    write_source(tmp_path, "x = 1\n")
    (tmp_path / "pipeline" / "b.py").touch()
    assert source_hash(tmp_path) != before


def test_only_settings_that_actors_see_count() -> None:
    base = Settings()
    elsewhere = base.model_copy(update={"ray": RaySettings(address="h:1"), "state_dir": Path("/elsewhere")})
    assert settings_hash(elsewhere) == settings_hash(base)
    accepting = base.model_copy(update={"commit": CommitSettings(accept_state_loss=True)})
    assert settings_hash(accepting) == settings_hash(base)
    other = base.model_copy(update={"kafka": KafkaSettings(prefix="other.")})
    assert settings_hash(other) != settings_hash(base)
