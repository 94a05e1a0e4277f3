from __future__ import annotations

from pipeline.cameras.documents import CameraDocuments
from pipeline.cameras.effective import EffectiveValue, Origin, effective_settings
from pipeline.kafka_io.records import Record

TOPOLOGY = {"fps": 2.0, "theta": 0.8, "silent_after_s": 60.0}


def documents(**values: bytes) -> CameraDocuments:
    made = CameraDocuments()
    for offset, (camera, value) in enumerate(values.items()):
        made.apply(Record("cameras", 0, offset, 5, camera.replace("default", "*").encode(), value))
    return made


def test_a_document_counts_as_a_whole() -> None:
    made = documents(default=b'{"fps": 1, "theta": 0.7}', a=b'{"fps": 4}')
    own = effective_settings(made, "a", TOPOLOGY)
    assert own["fps"] == EffectiveValue(4, Origin.OWN)
    assert own["theta"] == EffectiveValue(0.8, Origin.TOPOLOGY), "not the default's"
    assert own["priority"] == EffectiveValue(5, Origin.OWN)
    assert own["retain_narrations"] == EffectiveValue(None, Origin.TOPOLOGY)
    other = effective_settings(made, "b", TOPOLOGY)
    assert other["theta"] == EffectiveValue(0.7, Origin.DEFAULT)
    assert other["silent_after_s"] == EffectiveValue(60.0, Origin.TOPOLOGY)
    assert effective_settings(made, "*", TOPOLOGY)["theta"].origin is Origin.OWN


def test_without_documents_all_is_the_topology_s() -> None:
    values = effective_settings(CameraDocuments(), "a", TOPOLOGY)
    assert {value.origin for value in values.values()} == {Origin.TOPOLOGY}
    assert values["enabled"].value is True
