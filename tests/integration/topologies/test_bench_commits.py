"""`flownar bench commits` as a process, with the Kafka and Redis that it starts."""

import json
from pathlib import Path

from pipeline.config import Settings
from tests.support.command_line import run_flownar


def test_commits_and_takeovers_are_counted_and_nothing_is_left_behind(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state")
    sizes = ["--commits", "8", "--streams", "3", "--snapshot-kib", "4", "--takeovers", "2"]
    done = run_flownar(settings, ["bench", "commits", *sizes, "--json"], 120.0)
    assert done.returncode == 0, done.stderr
    figures = {row.pop("what"): row for row in json.loads(done.stdout)["figures"]}
    assert {what: row["count"] for what, row in figures.items()} == {
        "commit": 6,
        "commit with snapshots": 2,
        "takeover": 2,
    }
    assert all(0 < row["p50_ms"] <= row["p95_ms"] for row in figures.values())
    assert "starting Kafka and Redis" in done.stderr
    assert not list((tmp_path / "state" / "bench").glob("*/process.json"))
