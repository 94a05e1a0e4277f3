"""All state that matters is in Kafka and Redis: everything may be killed at once, and started again."""

from __future__ import annotations

from tests.support.camera import camera, expected, publish
from tests.support.live_topology import LiveTopology
from tests.support.waiting import wait_until

NUM_FRAMES = 40


def test_everything_is_killed_at_once_and_started_again(topology: LiveTopology) -> None:
    settings = topology.settings
    cameras = [camera(settings, f"restart/{i}", 200_300 + i, NUM_FRAMES, gop=5 * (i % 2)) for i in range(3)]
    wanted = expected(settings.model.path, cameras)
    half = [shown.records[: len(shown.records) // 2] for shown in cameras]
    publish(settings, [record for records in half for record in records])
    wait_until(lambda: len(topology.narrations("restart/0")) >= 2, "the first narrations", show=topology.show)
    generations = [row.generation for row in topology.run.status().partitions]

    topology.kill_everything()
    topology.start_again()

    rows = topology.run.status().partitions
    assert all(row.generation > old for row, old in zip(rows, generations, strict=True)), "they only grow"
    publish(
        settings, [r for shown, done in zip(cameras, half, strict=True) for r in shown.records[len(done) :]]
    )
    topology.wait_until_committed()
    for shown in cameras:
        events = topology.narrations(shown.stream)
        assert [event.narration.text for event in events] == wanted[shown.stream].texts
        assert [event.narration.end_time_ns for event in events] == wanted[shown.stream].end_times_ns
        assert [event.number for event in events] == list(range(len(events)))
