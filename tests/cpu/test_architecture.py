"""ARCHITECTURE.md keeps up with the code."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path.relative_to(ROOT)
    for package in ("kernels", "operators", "pipeline", "topologies")
    for path in (ROOT / package).rglob("*.py")
    if path.name != "__init__.py"
)


def sections() -> dict[str, str]:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    parts = [part.partition("\n") for part in text.split("\n### ")[1:]]
    return {title.strip().rstrip("/"): body for title, _, body in parts}


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_every_file_has_its_line(source: Path) -> None:
    assert f"- `{source.name}`: " in sections().get(str(source.parent), "")


def test_no_line_is_left_of_a_file_that_is_gone() -> None:
    for folder, body in sections().items():
        listed = [line.split("`")[1] for line in body.splitlines() if line.startswith("- `")]
        assert [name for name in listed if not (ROOT / folder / name.rstrip("/")).exists()] == []


def test_paths_in_the_text_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("## Files")[0]
    paths = [word.strip("`(),.;:") for word in text.split() if word.startswith(("`", "(`")) and "/" in word]
    mentioned = [
        path for path in paths if path.startswith(("kernels/", "operators/", "pipeline/", "topologies/"))
    ]
    assert [path for path in mentioned if not (ROOT / path).exists()] == []
