from pathlib import Path

import pytest

from pipeline.config import load_settings
from pipeline.doctor import run
from pipeline.doctor.finding import ok


def test_a_check_that_fails_is_told_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(run, "check_kafka", broken)
    monkeypatch.setattr(run, "check_redis", lambda _: [ok("redis", "fine")])
    resolved = load_settings({"model.path": str(tmp_path / "none")}, environ={})
    findings = {finding.area: finding for finding in run.run_checks(resolved)}
    assert findings["redis"].level == "ok"
    assert "RuntimeError('a bug')" in findings["doctor"].message
    assert findings["model"].level == "problem"
    assert {"settings", "versions", "programs", "disk", "partitioner"} <= findings.keys()
