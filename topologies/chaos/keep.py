"""What `--keep` leaves behind, for whoever looks for a cause: all logs, and the topics as files."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from topologies.chaos.checker.check import Readings
from topologies.chaos.checker.records import LogRecord
from topologies.chaos.checker.verdict import Verdict
from topologies.chaos.faults import DoneFault

_LOG_SUFFIXES = frozenset({".log", ".out", ".err", ".txt"})


def keep_logs(folder: Path, state_dir: Path) -> None:
    """Copy the logs of Kafka, Redis, Ray and all actors."""
    for path in state_dir.rglob("*"):
        if path.suffix in _LOG_SUFFIXES and path.is_file() and "data" not in path.parts:
            _copy(path, folder / "logs" / path.relative_to(state_dir))
    short = state_dir / "ray" / "short_tmp"
    if short.exists():
        root = Path(short.read_text(encoding="utf-8"))
        for path in root.glob("session_*/logs/**/*"):
            if path.is_file() and not path.is_symlink():
                _copy(path, folder / "logs" / "ray" / path.relative_to(root))


def keep_readings(folder: Path, readings: Readings, verdict: Verdict, done: Sequence[DoneFault]) -> None:
    """Write the topics, the faults and all problems as lines of text."""
    folder.mkdir(parents=True, exist_ok=True)
    topics = {
        "frames": readings.frames,
        "narrations": readings.events,
        "narrations-live": readings.live_events or (),
        "narrations-calm": readings.calm_events or (),
        "dlq": readings.dead_letters,
        "dlq-calm": readings.calm_dead_letters,
    }
    for name, records in topics.items():
        _write(folder / f"{name}.jsonl", [_line(record) for record in records])
    _write(
        folder / "faults.txt", [f"{d.began_ms} {d.ended_ms} {d.kind} {d.target} {d.partitions}" for d in done]
    )
    _write(folder / "problems.txt", [str(problem) for problem in verdict.problems])


def _line(record: LogRecord) -> str:
    headers = {name: value.decode(errors="replace") for name, value in record.headers}
    is_json = headers.get("content-type") == "application/json" and "error-code" not in headers
    shown = {
        "partition": record.partition,
        "offset": record.offset,
        "timestamp_ms": record.timestamp_ms,
        "key": (record.key or b"").decode(errors="replace"),
        "headers": headers,
        "bytes": len(record.value or b""),
        "value": json.loads(record.value) if is_json and record.value else None,
    }
    return json.dumps(shown, ensure_ascii=False)


def _write(path: Path, lines: Sequence[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, target)
    except OSError:
        # It may just be removed.
        return
