"""Every kind of fault once, and the checker finds nothing: the chaos in short, as people run it."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from pipeline.config import Settings
from tests.support.command_line import run_flownar
from topologies.chaos.schedule import ALL_KINDS

OPTIONS = ["--minutes", "1", "--faults", "12", "--cameras", "4", "--fps", "1", "--seed", "5"]
DEADLINE_S = 600.0
"""Two and a half minutes on two idle cores."""


@pytest.mark.timeout(DEADLINE_S + 60.0)
def test_nothing_is_lost_doubled_or_changed_whatever_dies(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state")
    kept = tmp_path / "kept"
    done = run_flownar(settings, ["chaos", *OPTIONS, "--json", "--keep", str(kept)], timeout_s=DEADLINE_S)
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads(done.stdout)
    assert verdict["faults_by_kind"] == {str(kind): 1 for kind in ALL_KINDS}
    for broken in ("lost", "doubled", "out_of_order", "changed_text", "untold_gaps"):
        assert verdict[broken] == 0
    assert verdict["narrations"] == verdict["expected"] > 30
    assert verdict["gap_events"]
    assert (kept / "narrations.jsonl").stat().st_size > 0
    assert not (tmp_path / "state" / "chaos").exists()
    left = [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or ())]
    assert left == []
