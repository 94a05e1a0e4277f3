"""Every process may die at any moment: readers of narrations do not see it."""

from __future__ import annotations

import threading

import pytest

from tests.support.camera import camera, expected, publish
from tests.support.live_topology import LiveTopology, wait_until

NUM_FRAMES = 40
NUM_STREAMS = 3
PAUSE_S = 0.15
SEEDS = {"narrator-0": 200_100, "encoder-0": 200_110, "reader-0": 200_120, "supervisor": 200_130}


@pytest.mark.parametrize("victim", SEEDS)
def test_a_killed_process_changes_nothing(topology: LiveTopology, victim: str) -> None:
    settings = topology.settings
    cameras = [
        camera(settings, f"{victim}/{i}", SEEDS[victim] + i, NUM_FRAMES, gop=5 * (i % 2))
        for i in range(NUM_STREAMS)
    ]
    wanted = expected(settings.model.path, cameras)
    # In a thread, slowly, so that the process dies in the middle of all this.
    publishers = [
        threading.Thread(target=publish, args=(settings, shown.records, PAUSE_S)) for shown in cameras
    ]
    for publisher in publishers:
        publisher.start()
    wait_until(lambda: len(topology.narrations(cameras[0].stream)) >= 2, "the first narrations")
    topology.kill(victim)
    for publisher in publishers:
        publisher.join()
    topology.wait_until_committed()
    for shown in cameras:
        events = topology.narrations(shown.stream)
        assert [event.narration.text for event in events] == wanted[shown.stream].texts
        assert [event.number for event in events] == list(range(len(events)))
