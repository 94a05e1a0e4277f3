"""Frames go in, narrations come out: exactly once, in order, and the same ones as in a single process."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from operators.frames.encode import encode_jpeg
from pipeline.config import NarratorSettings
from pipeline.errors import TopologyError
from pipeline.messages.events import Gap, GapKind
from pipeline.wire.partitioner import partition_of
from tests.support.camera import EPOCH, camera, expected, publish, with_headers
from tests.support.live_topology import LiveTopology, notices
from tests.support.waiting import wait_until
from topologies import live

NUM_FRAMES = 30


def test_narrations_are_those_of_a_single_process(topology: LiveTopology) -> None:
    """More streams than slots, images and groups of pictures, two encoders that overtake each other."""
    settings = topology.settings
    cameras = [camera(settings, f"same/{i}", 200_000 + i, NUM_FRAMES, gop=4 * (i % 2)) for i in range(6)]
    wanted = expected(settings.model.path, cameras)
    longest = max(len(shown.records) for shown in cameras)
    publish(settings, [c.records[i] for i in range(longest) for c in cameras if i < len(c.records)])
    topology.wait_until_committed()
    for shown in cameras:
        events = topology.narrations(shown.stream)
        assert [event.narration.text for event in events] == wanted[shown.stream].texts
        assert [event.narration.end_time_ns for event in events] == wanted[shown.stream].end_times_ns
        assert [event.number for event in events] == list(range(len(events)))
        assert [event.narration.segment for event in events] == list(range(len(events)))
    assert sum(len(spoken.texts) for spoken in wanted.values()) > 3 * len(cameras)


def test_bad_records_become_dead_letters_and_nothing_else_changes(topology: LiveTopology) -> None:
    settings = topology.settings
    sick, well = (
        camera(settings, "sick/1", 200_010, NUM_FRAMES),
        camera(settings, "well/1", 200_011, NUM_FRAMES),
    )
    wanted = expected(settings.model.path, [sick, well])
    # Sequence 12 is left out, so that it can come too late.
    numbered = [with_headers(r, sequence=str(i + (i >= 12))) for i, r in enumerate(sick.records)]
    good = numbered[8]
    value = good.value or b""
    big = encode_jpeg(np.zeros((6000, 6000, 3), np.uint8))
    poison = {
        "image-corrupt": with_headers(replace(good, value=value[:200]), sequence="500"),
        "content-type-unsupported": with_headers(good, content_type="image/gif"),
        "header-missing": with_headers(good, capture_time=None),
        "header-invalid": with_headers(good, epoch="yesterday"),
        "image-too-large": with_headers(replace(good, value=big), sequence="501"),
        "value-missing": replace(good, value=None),
        "duplicate-sequence": good,
        "sequence-out-of-order": with_headers(good, sequence="12"),
        "stale-epoch": with_headers(good, epoch=str(EPOCH - 1)),
        "wrong-partition": replace(good, partition=1 - partition_of("sick/1", 2)),
        "stream-id-invalid": replace(good, key=b"no//stream"),
        "video-corrupt": with_headers(good, content_type="video/h264", frame_count="1", sequence="502"),
    }
    half = NUM_FRAMES // 2
    publish(
        settings,
        [*numbered[:20], *well.records[:half], *poison.values(), *well.records[half:], *numbered[20:]],
    )
    topology.wait_until_committed()
    for stream in ("sick/1", "well/1"):
        assert [event.narration.text for event in topology.narrations(stream)] == wanted[stream].texts
    (gap,) = notices(settings, "sick/1")
    assert isinstance(gap, Gap)
    assert (gap.kind, gap.sequences) == (GapKind.MISSING_SEQUENCE, (12, 12))
    assert not notices(settings, "well/1")
    letters = {letter.code: letter for letter in topology.dead_letters()}
    assert sorted(letters) == sorted(poison)
    assert len(topology.dead_letters()) == len(poison)
    for code, record in poison.items():
        assert letters[code].key == record.key
        assert letters[code].value == record.value
        assert letters[code].headers == record.headers
        assert letters[code].topic == record.topic
        assert letters[code].partition == record.partition


def test_a_stream_that_comes_again_begins_anew(topology: LiveTopology) -> None:
    settings = topology.settings
    first = camera(settings, "again/1", 200_020, 8)
    publish(settings, first.records)
    topology.wait_until_committed()
    num_before = len(topology.narrations("again/1"))
    second = camera(settings, "again/1", 200_020, 8, epoch=EPOCH + 10**12)
    publish(settings, second.records)
    wait_until(lambda: len(topology.narrations("again/1")) == 2 * num_before, "the second life")
    events = topology.narrations("again/1")
    texts = [event.narration.text for event in events]
    assert texts[:num_before] == texts[num_before:]
    assert len({(event.epoch, event.number) for event in events}) == len(events)


def test_a_second_start_attaches_or_refuses(topology: LiveTopology) -> None:
    again = live.start(topology.settings)
    assert again.attached
    assert again.status().supervisor_pid == topology.run.status().supervisor_pid
    other = topology.settings.model_copy(update={"narrator": NarratorSettings(theta=0.7)})
    with pytest.raises(TopologyError, match="other settings") as refused:
        live.start(other)
    assert "--replace" in refused.value.action
