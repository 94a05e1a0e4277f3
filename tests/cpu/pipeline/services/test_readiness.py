import sys
from pathlib import Path

import pytest

from pipeline.errors import ServiceError
from pipeline.services.process import ProcessRecord, spawn, stop
from pipeline.services.readiness import wait_until_ready


def start(code: str, folder: Path) -> ProcessRecord:
    argv = [sys.executable, "-c", code]
    return spawn("service", argv, port=1, log_file=folder / "log", out_file=folder / "out")


def test_a_service_that_ends_tells_the_end_of_its_log(tmp_path: Path) -> None:
    record = start("raise SystemExit('no disk')", tmp_path)
    with pytest.raises(ServiceError, match="ended before it answered") as caught:
        wait_until_ready(record, lambda _: False, 20.0, tmp_path / "out")
    assert "no disk" in caught.value.message
    assert str(tmp_path / "log") in caught.value.action


def test_a_service_that_does_not_answer_is_an_error_after_the_deadline(tmp_path: Path) -> None:
    record = start("import time; time.sleep(60)", tmp_path)
    try:
        with pytest.raises(ServiceError, match=r"did not answer on port 1 within 0\.1 s"):
            wait_until_ready(record, lambda _: False, 0.1, tmp_path / "out")
        answers = iter([False, False, True])
        wait_until_ready(record, lambda _: next(answers), 5.0, tmp_path / "out")
        assert list(answers) == []
    finally:
        stop(record, 5.0)
