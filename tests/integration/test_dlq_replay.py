"""`flownar dlq replay`: refused records come back as they were, and what can't come back is named."""

import json

import pytest

from pipeline.config import Settings
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import read_to_end
from pipeline.kafka_io.records import Record
from pipeline.messages.dead_letter import DeadLetter
from pipeline.wire.partitioner import partition_of
from pipeline.wire.topics import TopicNames
from tests.support.command_line import run_flownar
from tests.support.outputs import START_NS, commit, dead_letter_record

HEADERS = (("content-type", b"image/jpeg"), ("sequence", b"3"), ("odd", b"\xfe"))


def letter_of(settings: Settings, number: int, code: str, **changes: object) -> DeadLetter:
    fields = {
        "topic": TopicNames.of(settings.kafka.prefix).frames,
        "partition": partition_of(f"cam/{number}", settings.kafka.partitions),
        "offset": number,
        "timestamp_ms": 0,
        "key": f"cam/{number}".encode(),
        "value": b"picture %d" % number,
        "headers": HEADERS,
        "code": code,
        "message": "why",
        "stage": "reader",
    }
    return DeadLetter(**(fields | changes))  # type: ignore[arg-type]


def put(settings: Settings, *letters: DeadLetter) -> list[tuple[str, str]]:
    """Write dead letters; return their places as arguments."""
    records = [dead_letter_record(settings.kafka, letter, START_NS) for letter in letters]
    return [(str(r.partition), str(o)) for r, o in zip(records, commit(settings, records), strict=True)]


def frames(settings: Settings) -> list[Record]:
    topic = TopicNames.of(settings.kafka.prefix).frames
    connection = connection_kwargs(settings.kafka)
    return [r for p in range(settings.kafka.partitions) for r in read_to_end(connection, topic, p)]


def frame_of(settings: Settings, key: bytes) -> Record:
    (record,) = [record for record in frames(settings) if record.key == key]
    return record


def test_one_record_comes_back_with_its_own_headers_alone(fresh_settings: Settings) -> None:
    # It was put back before and refused again: its reasons of then are no part of it.
    again = (*HEADERS, ("error-code", b"old"), ("error-time", b"old"))
    (place,) = put(fresh_settings, letter_of(fresh_settings, 1, "image-corrupt", headers=again))
    done = run_flownar(fresh_settings, ["dlq", "replay", *place])
    assert done.returncode == 0, done.stderr
    record = frame_of(fresh_settings, b"cam/1")
    assert (record.value, record.headers) == (b"picture 1", HEADERS)
    assert record.partition == partition_of("cam/1", fresh_settings.kafka.partitions)
    assert f"cam/1  [{record.partition}] @{record.offset}" in done.stdout
    assert "1 put back, 0 not" in done.stderr


def test_a_record_of_a_wrong_partition_goes_to_the_right_one(fresh_settings: Settings) -> None:
    right = partition_of("cam/2", fresh_settings.kafka.partitions)
    wrong = (right + 1) % fresh_settings.kafka.partitions
    ended = letter_of(fresh_settings, 2, "wrong-partition", partition=wrong, value=None)
    (place,) = put(fresh_settings, ended)
    done = run_flownar(fresh_settings, ["dlq", "replay", *place, "--json"])
    record = frame_of(fresh_settings, b"cam/2")
    assert (record.partition, record.value) == (right, None)
    assert json.loads(done.stdout) == {
        "partition": wrong,
        "offset": int(place[1]),
        "code": "wrong-partition",
        "to": {"partition": right, "offset": record.offset},
        "error": None,
    }


def test_all_of_a_code_come_back_in_order_and_others_stay(fresh_settings: Settings) -> None:
    one = [
        letter_of(fresh_settings, 3, "image-too-large", value=value, offset=n)
        for n, value in enumerate((b"a", b"b", b"c"))
    ]
    put(fresh_settings, one[0], letter_of(fresh_settings, 4, "stale-epoch"), *one[1:])
    done = run_flownar(fresh_settings, ["dlq", "replay", "--all-of", "image-too-large"])
    assert done.returncode == 0, done.stderr
    assert [record.value for record in frames(fresh_settings) if record.key == b"cam/3"] == [b"a", b"b", b"c"]
    assert not [record for record in frames(fresh_settings) if record.key == b"cam/4"]
    none = run_flownar(fresh_settings, ["dlq", "replay", "--all-of", "no-such-code"])
    assert (none.returncode, none.stdout) == (0, "")
    assert "no dead letters with the code 'no-such-code'" in none.stderr


def test_what_cannot_come_back_is_named_and_does_not_stop_the_rest(fresh_settings: Settings) -> None:
    put(
        fresh_settings,
        letter_of(fresh_settings, 5, "mixed", topic=TopicNames.of(fresh_settings.kafka.prefix).cameras),
        letter_of(fresh_settings, 6, "mixed", key=None, value=b"", headers=()),
        letter_of(fresh_settings, 7, "mixed"),
    )
    done = run_flownar(fresh_settings, ["dlq", "replay", "--all-of", "mixed", "--json"])
    assert done.returncode == 1
    by_error = {result["error"]: result["to"] for result in map(json.loads, done.stdout.splitlines())}
    names = TopicNames.of(fresh_settings.kafka.prefix)
    assert by_error.keys() == {
        f"It comes from {names.cameras}, not from {names.frames}.",
        "Its content was not kept.",
        None,
    }
    assert frame_of(fresh_settings, b"cam/7").offset == by_error[None]["offset"]
    assert "1 put back, 2 not" in done.stderr


def test_more_than_a_hundred_are_put_back_after_a_yes_only(fresh_settings: Settings) -> None:
    put(fresh_settings, *(letter_of(fresh_settings, 8, "many", offset=n) for n in range(101)))
    asked = run_flownar(fresh_settings, ["dlq", "replay", "--all-of", "many"])
    assert asked.returncode == 2
    assert "101 records" in asked.stderr
    assert not [record for record in frames(fresh_settings) if record.key == b"cam/8"]
    done = run_flownar(fresh_settings, ["dlq", "replay", "--all-of", "many", "--yes"])
    assert done.returncode == 0, done.stderr
    assert len([record for record in frames(fresh_settings) if record.key == b"cam/8"]) == 101


@pytest.mark.parametrize("arguments", [[], ["0"], ["0", "1", "--all-of", "x"]])
def test_it_must_be_said_which(fresh_settings: Settings, arguments: list[str]) -> None:
    done = run_flownar(fresh_settings, ["dlq", "replay", *arguments])
    assert done.returncode == 2
    assert "PARTITION OFFSET" in done.stderr
