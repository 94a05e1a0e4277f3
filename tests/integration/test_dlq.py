"""`flownar dlq` and the reader behind it."""

import json
from pathlib import Path

import pytest

from pipeline.config import Settings
from pipeline.errors import BrokerError
from pipeline.messages.dead_letter import DeadLetter
from pipeline.watch.dead_letters import read_dead_letter, read_dead_letters
from tests.support.command_line import run_flownar
from tests.support.outputs import START_NS, abort, commit, dead_letter_record

CODES = ("image-corrupt", "header-missing", "image-too-large", "stale-epoch", "wrong-partition")


def letter_of(number: int) -> DeadLetter:
    return DeadLetter(
        topic="flownar.frames",
        partition=number % 3,
        offset=100 + number,
        timestamp_ms=START_NS // 1_000_000,
        key=None if number == 4 else f"cam/{number}".encode(),
        value=None if number == 1 else b"\xff\xd8\xff" + bytes([number]) * 2000,
        headers=(("content-type", b"image/jpeg"), ("odd", b"\x1b[31m\xfe")),
        code=CODES[number],
        message=f"message [{number}]",
        stage="reader",
    )


@pytest.fixture(scope="module")
def places(fresh_settings: Settings) -> list[tuple[int, int]]:
    """Partition and offset of five dead letters; aborted ones lie between them."""
    found = []
    for number in range(5):
        record = dead_letter_record(fresh_settings.kafka, letter_of(number), START_NS + number)
        abort(fresh_settings, [record])
        (offset,) = commit(fresh_settings, [record])
        found.append((number % 3, offset))
    return found


def test_the_newest_letters_are_read_in_order_of_time(
    fresh_settings: Settings, places: list[tuple[int, int]]
) -> None:
    letters = read_dead_letters(fresh_settings.kafka, limit=50)
    assert [read.letter for read in letters] == [letter_of(number) for number in range(5)]
    assert [(read.partition, read.offset) for read in letters] == places
    assert [read.letter.code for read in read_dead_letters(fresh_settings.kafka, limit=2)] == list(CODES[3:])


def test_one_letter_is_read_by_its_place(fresh_settings: Settings, places: list[tuple[int, int]]) -> None:
    assert read_dead_letter(fresh_settings.kafka, *places[3]).letter == letter_of(3)
    partition, offset = places[3]
    # Before the letter lie its aborted twin and the markers: nothing that can be shown.
    for wrong in ((partition, offset - 1), (partition, 10_000), (99, 0), (-1, 0)):
        with pytest.raises(BrokerError, match="no dead letter"):
            read_dead_letter(fresh_settings.kafka, *wrong)


def test_the_commands(fresh_settings: Settings, places: list[tuple[int, int]], tmp_path: Path) -> None:
    listed = run_flownar(fresh_settings, ["dlq", "list"])
    assert listed.returncode == 0, listed.stderr
    rows = listed.stdout.splitlines()[1:]
    assert [row.split()[4] for row in rows] == list(CODES)
    assert "message [2]" in rows[2]
    objects = run_flownar(fresh_settings, ["dlq", "list", "--limit", "2", "--json"]).stdout.splitlines()
    assert [json.loads(line)["code"] for line in objects] == list(CODES[3:])
    partition, offset = places[0]
    saved = tmp_path / "new" / "broken.jpg"
    shown = run_flownar(fresh_settings, ["dlq", "show", str(partition), str(offset), "--out", str(saved)])
    assert shown.returncode == 0, shown.stderr
    assert saved.read_bytes() == letter_of(0).value
    for text in (
        "image-corrupt",
        "message [0]",
        "flownar.frames [0] @100",
        "2,003 bytes",
        "header content-type",
    ):
        assert text in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "\\x1b[31m\\xfe" in shown.stdout
    nothing = run_flownar(fresh_settings, ["dlq", "show", "0", "9999"])
    assert nothing.returncode == 3
    assert "There is no dead letter" in nothing.stderr
