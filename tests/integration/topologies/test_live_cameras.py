"""Settings of cameras on a running topology: what is switched off is left out, and bad documents are told."""

from __future__ import annotations

from pipeline.cameras.editor import CameraWriter
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.messages.camera import CameraSettings
from pipeline.messages.events import Shed, ShedReason
from pipeline.wire.topics import TopicNames
from tests.support.camera import camera, publish
from tests.support.live_topology import LiveTopology, notices
from tests.support.waiting import wait_until

NUM_FRAMES = 12


def test_a_camera_is_switched_off_while_it_runs(topology: LiveTopology) -> None:
    """The bad document comes behind the good one, so both are known once it is a dead letter."""
    settings = topology.settings
    topic = TopicNames.of(settings.kafka.prefix).cameras
    with CameraWriter(settings) as writer:
        writer.write("switched/off", CameraSettings(enabled=False))
    publish(settings, [OutgoingRecord(topic, 0, b"switched/off", b'{"fps": "fast"}')])
    wait_until(
        lambda: any(letter.topic == topic for letter in topology.dead_letters()),
        "the bad document among the dead letters",
        show=topology.show,
    )
    off = camera(settings, "switched/off", 200_030, NUM_FRAMES)
    on = camera(settings, "switched/on", 200_031, NUM_FRAMES, gop=4)
    publish(settings, [*off.records, *on.records])
    topology.wait_until_committed()
    assert topology.narrations("switched/on")
    assert topology.narrations("switched/off") == []
    sheds = [notice for notice in notices(settings, "switched/off") if isinstance(notice, Shed)]
    assert {shed.reason for shed in sheds} == {ShedReason.DISABLED}
    assert sum(shed.num_frames for shed in sheds) == NUM_FRAMES
    (letter,) = [letter for letter in topology.dead_letters() if letter.topic == topic]
    assert (letter.code, letter.key) == ("camera-invalid", b"switched/off")
