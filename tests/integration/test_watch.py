"""`flownar watch` and the reader behind it: committed narrations, once each, from where one wants."""

import json
import time

import pytest

from pipeline.config import Settings
from pipeline.errors import BrokerError
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.watch.events import BEGINNING, NOW, StartAt
from pipeline.watch.narrations import NarrationReader, ReadNarration
from pipeline.wire.topics import TopicNames
from tests.support import stream_events as known
from tests.support.command_line import run_flownar, start_flownar
from tests.support.outputs import abort, commit, narration_event, narration_record, notice_record

STREAMS = ("hall/1", "hall/2", "yard:gate")
TEXTS = (
    "a bench",
    "picks up the red cup",
    "takes the blue ball out of the left drawer",
    "shuts the box — gently",
)


@pytest.fixture(scope="module")
def narrated(fresh_settings: Settings) -> Settings:
    """Four narrations of three streams, with aborted ones and a foreign record between them."""
    kafka = fresh_settings.kafka
    for number, text in enumerate(TEXTS):
        events = [narration_event(stream, number, text) for stream in STREAMS]
        ghosts = [narration_event(stream, number, f"GHOST {text}") for stream in STREAMS]
        abort(fresh_settings, [narration_record(kafka, event) for event in ghosts])
        commit(fresh_settings, [narration_record(kafka, event) for event in events])
    foreign = OutgoingRecord(TopicNames.of(kafka.prefix).narrations, 0, b"hall/1", b"{}", (("a", b"b"),))
    commit(fresh_settings, [foreign])
    return fresh_settings


def texts_by_stream(narrations: list[ReadNarration]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for read in narrations:
        found.setdefault(read.event.stream, []).append(read.event.narration.text)
    return found


def test_committed_narrations_are_read_once_and_in_order(narrated: Settings) -> None:
    with NarrationReader(narrated.kafka, start=BEGINNING) as reader:
        assert texts_by_stream(list(reader.read_present())) == {s: list(TEXTS) for s in STREAMS}
        assert reader.has_read_present()


def test_streams_are_chosen_by_patterns(narrated: Settings) -> None:
    for patterns, expected in ((["hall/*"], 2), (["yard:gate", "hall/1"], 2), (["*"], 3), (["nothing"], 0)):
        with NarrationReader(narrated.kafka, start=BEGINNING, streams=patterns) as reader:
            assert len(texts_by_stream(list(reader.read_present()))) == expected


def test_a_reader_begins_now_or_at_a_time(narrated: Settings) -> None:
    with NarrationReader(narrated.kafka, start=NOW) as reader:
        assert list(reader.read_present()) == []
        late = narration_event("late/1", 0, "comes later")
        between_ms = time.time_ns() // 1_000_000
        time.sleep(0.05)
        commit(narrated, [narration_record(narrated.kafka, late)])
        deadline = time.monotonic() + 10
        found: list[ReadNarration] = []
        while not found and time.monotonic() < deadline:
            found = reader.read(0.5)
        assert texts_by_stream(found) == {"late/1": ["comes later"]}
    with NarrationReader(narrated.kafka, start=StartAt(between_ms)) as reader:
        assert texts_by_stream(list(reader.read_present())) == {"late/1": ["comes later"]}
    with NarrationReader(narrated.kafka, start=StartAt(between_ms + 3_600_000)) as reader:
        assert list(reader.read_present()) == []


def test_a_missing_topic_is_an_error(narrated: Settings) -> None:
    kafka = narrated.kafka.model_copy(update={"prefix": "nowhere."})
    with pytest.raises(BrokerError):
        NarrationReader(kafka, start=BEGINNING)


def test_watch_writes_what_is_there(narrated: Settings) -> None:
    arguments = ["watch", "--no-follow", "--stream", "hall/2"]
    text = run_flownar(narrated, arguments)
    assert text.returncode == 0, text.stderr
    lines = text.stdout.splitlines()
    assert [line.split("  ")[1:3] for line in lines] == [["hall/2", narration] for narration in TEXTS]
    jsonl = run_flownar(narrated, [*arguments, "--format", "jsonl", "--limit", "2"])
    assert [json.loads(line)["text"] for line in jsonl.stdout.splitlines()] == list(TEXTS[:2])


def test_watch_ends_at_its_limit_and_survives_a_closed_pipe(narrated: Settings) -> None:
    done = run_flownar(narrated, ["watch", "--from", "beginning", "--limit", "5"])
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 5
    process = start_flownar(narrated, ["watch", "--no-follow"])
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    messages = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 0
    assert "BrokenPipe" not in messages


def test_watch_tells_what_is_missing(narrated: Settings) -> None:
    kafka, stream = narrated.kafka, "told/1"
    events = [known.notice(c, stream=stream, number=n) for n, c in enumerate((known.MISSING, known.SHED), 1)]
    narrations = [narration_event(stream, number, f"says {number}") for number in (0, 3)]
    told = [notice_record(kafka, event) for event in events]
    commit(narrated, [narration_record(kafka, narrations[0]), *told, narration_record(kafka, narrations[1])])
    arguments = ["watch", "--no-follow", "--stream", stream]

    text = run_flownar(narrated, arguments)
    assert [line.split("  ")[2] for line in text.stdout.splitlines()] == [
        "says 0",
        "4 records (3 to 6) never arrived",
        "left out 14 frames (overload)",
        "says 3",
    ]
    quiet = run_flownar(narrated, [*arguments, "--no-events"])
    assert len(quiet.stdout.splitlines()) == 2
    jsonl = run_flownar(narrated, [*arguments, "--format", "jsonl", "--events", "--limit", "2"])
    assert [json.loads(line)["id"].split("#")[2] for line in jsonl.stdout.splitlines()] == list("0123")
    without = run_flownar(narrated, [*arguments, "--format", "jsonl"])
    assert [json.loads(line)["text"] for line in without.stdout.splitlines()] == ["says 0", "says 3"]
    captions = run_flownar(narrated, [*arguments, "--format", "vtt", "--events"])
    assert captions.returncode == 2
    assert "captions are narrations alone" in captions.stderr


def test_watch_follows_what_comes(narrated: Settings) -> None:
    process = start_flownar(narrated, ["watch", "--stream", "follow/*", "--limit", "1", "--from", "-1h"])
    try:
        event = narration_event("follow/1", 0, "comes while one watches")
        commit(narrated, [narration_record(narrated.kafka, event)])
        written, messages = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, messages
    assert "follow/1  comes while one watches" in written
