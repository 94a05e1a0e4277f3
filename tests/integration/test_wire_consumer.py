"""The consumer in README.md, run as it stands there: plain kafka-python, nothing of this project."""

import os
import re
import subprocess
import sys
from pathlib import Path

from pipeline.config import Settings
from pipeline.wire.topics import TopicNames
from tests.support import stream_events as known
from tests.support.outputs import abort, commit, narration_event, narration_record, notice_record

README = Path(__file__).resolve().parents[2] / "README.md"


def consumer_text() -> str:
    match = re.search(
        r"<!-- consumer -->\n```python\n(.+?)```", README.read_text(encoding="utf-8"), re.DOTALL
    )
    assert match is not None, "README.md has no python block after <!-- consumer -->"
    return match[1]


def test_the_consumer_is_short_and_independent() -> None:
    text = consumer_text()
    assert len(text.splitlines()) <= 15
    assert set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)) <= {"json", "os", "kafka"}


def test_the_consumer_sees_committed_narrations_once_and_in_order(
    fresh_settings: Settings, tmp_path: Path
) -> None:
    kafka = fresh_settings.kafka
    expected: dict[str, list[str]] = {}
    for number in range(6):
        events = [narration_event(f"cam/{c}", number, f"opens box {number} of {c}") for c in range(5)]
        abort(fresh_settings, [narration_record(kafka, narration_event("cam/1", number, "GHOST"))])
        told = notice_record(kafka, known.notice(known.SHED, stream="cam/2", number=number))
        commit(fresh_settings, [*(narration_record(kafka, event) for event in events), told])
        for event in events:
            expected.setdefault(event.stream, []).append(event.narration.text)
    script = tmp_path / "consumer.py"
    script.write_text(consumer_text(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "BOOTSTRAP": kafka.bootstrap_servers,
            "TOPIC": TopicNames.of(kafka.prefix).narrations,
            "LIMIT": "30",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        stream, start, end, text = line.split(" ", 3)
        assert start < end
        assert re.fullmatch(r"2026-01-02T03:04:\d\d\.\d{9}Z", start)
        found.setdefault(stream, []).append(text)
    assert found == expected
