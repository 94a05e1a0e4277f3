from __future__ import annotations

import json

import pytest

from pipeline.cameras.documents import STAGE, CameraDocuments
from pipeline.kafka_io.records import Record
from pipeline.messages.camera import CameraBook, CameraSettings


def record(offset: int, key: str, document: object = None) -> Record:
    value = None if document is None else json.dumps(document).encode()
    return Record("cameras", 0, offset, 5, key.encode(), value, (("a", b"b"),))


def test_the_last_document_of_a_camera_holds() -> None:
    documents = CameraDocuments()
    assert documents.book(0) == CameraBook()
    for item in (
        record(0, "dock-7", {"fps": 1}),
        record(1, "*", {"priority": 2}),
        record(2, "dock-7", {"fps": 4, "enabled": False}),
        record(3, "gate", {"theta": 0.9}),
        record(9, "gate"),
    ):
        assert documents.apply(item) is None
    book = documents.book(10)
    assert documents.next_offset == 10
    assert book == CameraBook(
        10, CameraSettings(priority=2), {"dock-7": CameraSettings(enabled=False, fps=4)}
    )
    assert book.of("gate") == CameraSettings(priority=2)
    assert documents.cameras == ("*", "dock-7")
    assert documents.document("gate") is None


@pytest.mark.parametrize(
    ("key", "document"),
    [("dock-7", {"fsp": 1}), ("dock-7", {"fps": -1}), ("no//stream", {}), ("", {}), ("a", [])],
)
def test_what_can_t_be_used_is_refused_and_changes_nothing(key: str, document: object) -> None:
    documents = CameraDocuments()
    documents.apply(record(0, "dock-7", {"fps": 2}))
    bad = record(1, key, document)
    letter = documents.apply(bad)
    assert letter is not None
    assert (letter.code, letter.stage, letter.offset, letter.partition) == ("camera-invalid", STAGE, 1, 0)
    assert (letter.key, letter.value, letter.headers) == (bad.key, bad.value, bad.headers)
    assert documents.book(2).of("dock-7") == CameraSettings(fps=2)
