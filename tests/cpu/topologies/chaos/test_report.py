"""The result as JSON, as tables, and as files for whoever looks for a cause."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from tests.support.checked_log import RULES, Log, Stream
from topologies.chaos.checker.check import Readings, check
from topologies.chaos.checker.records import LogRecord
from topologies.chaos.faults import DoneFault
from topologies.chaos.keep import keep_logs, keep_readings
from topologies.chaos.memory import ProcessMemory, RoleGrowth, growth
from topologies.chaos.moments import Moment
from topologies.chaos.recovery import Recovery
from topologies.chaos.report import ChaosReport
from topologies.chaos.schedule import FaultKind
from topologies.chaos.screen import Screen, show_report
from topologies.chaos.settings import ChaosOptions

KILL = FaultKind.KILL_NARRATOR
DONE = DoneFault(KILL, "narrator-1", 1_767_323_045_000, 1_767_323_045_000, (0,))
WANTED_KEYS = {
    *("faults", "faults_by_kind", "expected", "lost", "doubled", "out_of_order", "changed_text"),
    *("untold_gaps", "near_ties", "recovery_p95_s"),
}


def readings(*, narrated: bool = True) -> Readings:
    log = Log()
    stream = Stream(log)
    stream.frame()
    stream.narrate()
    stream.corrupt()
    stream.frame()
    if not narrated:
        stream.open_frames = []
    stream.end()
    return log.readings()


def report(*, narrated: bool = True) -> ChaosReport:
    return ChaosReport(
        options=ChaosOptions(kinds=(KILL, FaultKind.CUT_REDIS)),
        done=(DONE, DONE),
        verdict=check(readings(narrated=narrated), RULES),
        recoveries=(
            Recovery(KILL, 0, 2.5, shifted=False),
            Recovery(FaultKind.CUT_REDIS, 0, math.inf, shifted=True),
        ),
        memory=(
            RoleGrowth("narrator", 100 * 2**20, 105 * 2**20),
            RoleGrowth("redis", 10 * 2**20, 12 * 2**20),
        ),
        undone="",
        took_s=61.0,
    )


def text_of(result: ChaosReport) -> str:
    console = Console(file=io.StringIO(), width=100)
    show_report(console, result)
    shown: str = console.file.getvalue()  # type: ignore[attr-defined]
    return shown


def test_the_json_has_all_that_decides() -> None:
    value = json.loads(json.dumps(report().to_json(), allow_nan=False))
    assert value.keys() >= WANTED_KEYS
    assert value["passed"] is True
    assert value["faults"] == 2
    assert value["faults_by_kind"] == {"kill-narrator": 2, "cut-redis": 0}
    assert value["expected"] == 2
    assert value["recovery_p95_s"] == 2.5
    assert value["recovery_p95_s_by_kind"] == {"cut-redis": None, "kill-narrator": 2.5}
    assert value["memory_passed"] is False
    assert value["problems"] == []


def test_a_bad_verdict_names_stream_and_positions() -> None:
    result = report(narrated=False)
    assert not result.passed
    value = result.to_json()
    assert value["lost"] == 1
    assert value["problems"] == [
        "lost: dock/7 in partition 0: frames (2, 0) to (2, 0) are covered by nothing"
    ]
    assert "frames (2, 0) to (2, 0) are covered by nothing" in text_of(result)


def test_the_tables_fit_and_say_whether_it_passed() -> None:
    shown = text_of(report())
    assert "passed after 1.0 minutes" in shown
    assert max(map(len, shown.splitlines())) <= 100
    failed = text_of(replace(report(narrated=False), undone="2 partitions uncommitted"))
    assert "failed" in failed
    assert "2 partitions uncommitted" in failed


def test_without_a_terminal_everything_is_told_in_lines() -> None:
    console = Console(file=io.StringIO(), width=200)
    with Screen(console) as screen:
        screen.say("draining")
        screen.fault(DONE)
        screen._said_s = -math.inf
        screen.moment(Moment(61.0, 2, 3, 40, 20, 7, ("narrator-0",)))
        screen.moment(Moment(61.1, 2, 3, 40, 20, 7, ()))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 3
    assert lines[0].endswith("draining")
    assert lines[1].endswith("kill-narrator  narrator-1")
    assert lines[2].startswith("1:01; 2 faults, 3 to come; 40 narrations, 20 in the last minute; ")
    assert lines[2].endswith("7 records wait; not ready: narrator-0")


def test_growth_is_that_of_the_largest_process_of_each_role() -> None:
    early = [ProcessMemory("reader", "reader-0", 100), ProcessMemory("reader", "reader-1", 50)]
    late = [ProcessMemory("reader", "reader-1", 111), ProcessMemory("encoder", "encoder-0", 7)]
    (role,) = growth(early, late)
    assert (role.role, role.early_bytes, role.late_bytes) == ("reader", 100, 111)
    assert not role.passed
    assert growth(early, early)[0].passed


def test_topics_and_problems_are_kept_as_lines(tmp_path: Path) -> None:
    result, read = report(narrated=False), readings(narrated=False)
    keep_readings(tmp_path, read, result.verdict, result.done)
    lines = [json.loads(line) for line in (tmp_path / "frames.jsonl").read_text().splitlines()]
    assert [line["offset"] for line in lines] == [record.offset for record in read.frames]
    assert lines[0]["headers"]["content-type"] == "image/jpeg"
    assert "covered by nothing" in (tmp_path / "problems.txt").read_text()
    assert "kill-narrator narrator-1" in (tmp_path / "faults.txt").read_text()


def test_events_are_kept_with_what_they_say(tmp_path: Path) -> None:
    event = LogRecord(0, 0, 0, b"a", b'{"text": "x"}', (("content-type", b"application/json"),))
    keep_readings(tmp_path, Readings((), (event,), ()), report().verdict, ())
    assert json.loads((tmp_path / "narrations.jsonl").read_text())["value"] == {"text": "x"}


def test_logs_are_kept_but_no_data(tmp_path: Path) -> None:
    state, kept = tmp_path / "state", tmp_path / "kept"
    for name in (
        "kafka/broker.log",
        "kafka/data/frames-0/0.log",
        "ray/tmp/session_1/logs/worker.err",
        "redis/x.aof",
    ):
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).write_text(name)
    keep_logs(kept, state)
    files = sorted(str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file())
    assert files == ["logs/kafka/broker.log", "logs/ray/tmp/session_1/logs/worker.err"]
