"""`flownar chaos`: what is refused before anything is started."""

from __future__ import annotations

from typer.testing import CliRunner

from topologies.chaos.schedule import ALL_KINDS
from topologies.cli import build_app


def test_an_unknown_kind_is_refused_and_the_known_ones_are_named() -> None:
    done = CliRunner().invoke(build_app(), ["chaos", "--kinds", "kill-narrator,kill-narator"])
    assert done.exit_code == 2
    assert "there is no kill-narator" in done.stderr
    assert "kill-supervisor" in done.stderr


def test_the_help_names_all_kinds() -> None:
    done = CliRunner().invoke(build_app(), ["chaos", "--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    for kind in ALL_KINDS:
        assert kind in done.stdout
