"""Cameras that publish while something happens to a topology, and what they must lead to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from tests.support.camera import Camera, Spoken, camera, expected, publish
from tests.support.live_topology import LiveTopology
from tests.support.waiting import wait_until

NUM_FRAMES = 40
NUM_STREAMS = 3
PAUSE_S = 0.15
"""Six seconds in all: what happens to the topology happens in the middle."""


@dataclass
class PublishedCameras:
    """Cameras whose publishers are at work; make one with `start`."""

    topology: LiveTopology
    cameras: Sequence[Camera]
    wanted: dict[str, Spoken]
    publishers: Sequence[threading.Thread]

    @classmethod
    def start(cls, topology: LiveTopology, name: str, seed: int) -> Self:
        """Begin to publish slowly, and wait for the first narrations."""
        settings = topology.settings
        cameras = [
            camera(settings, f"{name}/{i}", seed + i, NUM_FRAMES, gop=5 * (i % 2)) for i in range(NUM_STREAMS)
        ]
        wanted = expected(settings.model.path, cameras)
        publishers = [
            threading.Thread(target=publish, args=(settings, shown.records, PAUSE_S)) for shown in cameras
        ]
        for publisher in publishers:
            publisher.start()
        first = cameras[0].stream
        wait_until(lambda: len(topology.narrations(first)) >= 2, "the first narrations", show=topology.show)
        return cls(topology, cameras, wanted, publishers)

    def check(self) -> None:
        """Wait until everything is published and committed: it is what one undisturbed process says."""
        for publisher in self.publishers:
            publisher.join()
        self.topology.wait_until_committed()
        for shown in self.cameras:
            events = self.topology.narrations(shown.stream)
            assert [event.narration.text for event in events] == self.wanted[shown.stream].texts
            assert [event.narration.end_time_ns for event in events] == self.wanted[shown.stream].end_times_ns
            assert [event.number for event in events] == list(range(len(events)))
