import dataclasses
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipeline.services.process import (
    ProcessRecord,
    find,
    load_record,
    save_record,
    spawn,
    start_of,
    stop,
)

SLEEPS = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)",
]


def start(argv: list[str], folder: Path) -> ProcessRecord:
    record = spawn("sleeper", argv, port=1, log_file=folder / "log", out_file=folder / "out")
    while "ready" not in (folder / "out").read_text():
        assert find(record) is not None
    return record


def test_a_process_is_found_and_stopped(tmp_path: Path) -> None:
    record = start(SLEEPS, tmp_path)
    assert find(record) is not None
    assert stop(record, 10.0)
    assert find(record) is None
    assert not psutil.pid_exists(record.pid)
    assert stop(record, 10.0)


def test_a_process_that_does_not_end_is_killed(tmp_path: Path) -> None:
    record = start(STUBBORN, tmp_path)
    assert not stop(record, 0.2)
    assert find(record) is None


def test_another_process_with_the_same_pid_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen(SLEEPS, stdout=subprocess.DEVNULL)
    try:
        stale = ProcessRecord("sleeper", other.pid, "an-earlier-boot/42", 1, str(tmp_path / "log"))
        assert find(stale) is None
        assert stop(stale, 1.0)
        assert other.poll() is None
        assert find(dataclasses.replace(stale, start=start_of(other.pid))) is not None
    finally:
        other.kill()
        other.wait()


def test_a_process_survives_the_end_of_the_one_that_started_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipeline.services.process import spawn, save_record;"
        f"folder = Path({str(tmp_path)!r});"
        f"record = spawn('sleeper', {SLEEPS!r}, port=1, log_file=folder / 'log', out_file=folder / 'out');"
        "save_record(record, folder / 'process.json')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    record = load_record(tmp_path / "process.json")
    assert record is not None
    assert find(record) is not None
    assert stop(record, 10.0)


def test_records_that_are_not_there_or_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "process.json"
    assert load_record(path) is None
    for text in ("", "{", "[]", '{"pid": 3}'):
        path.write_text(text)
        assert load_record(path) is None
    record = ProcessRecord("kafka", 1, "boot/2", 9092, "log", "archive")
    save_record(record, path)
    assert load_record(path) == record
    assert [file.name for file in tmp_path.iterdir()] == ["process.json"]


def test_the_start_of_no_process() -> None:
    with pytest.raises(psutil.NoSuchProcess):
        start_of(2**22 + 1)
