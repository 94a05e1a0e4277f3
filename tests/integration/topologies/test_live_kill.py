"""Every process may die or be paused at any moment: readers of narrations do not see it."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support.live_cameras import PublishedCameras
from tests.support.live_topology import LiveTopology
from tests.support.waiting import wait_until

SEEDS = {
    "encoder-0": 200_110,
    "reader-0": 200_120,
    "supervisor": 200_130,
    "supervisor narrator-1": 200_140,
}


@pytest.mark.parametrize("victims", SEEDS)
def test_killed_processes_change_nothing(topology: LiveTopology, victims: str) -> None:
    names = victims.split()
    cameras = PublishedCameras.start(topology, victims.replace(" ", "-"), SEEDS[victims])
    before = topology.pids()
    topology.kill(*names)
    topology.wait_until_replaced({name: before[name] for name in names})
    after = topology.pids()
    assert {name: after[name] for name in after if name not in names} == {
        name: before[name] for name in before if name not in names
    }, "all others went on"
    cameras.check()


def test_partitions_of_a_dead_narrator_go_to_the_other_one(topology: LiveTopology) -> None:
    """They do not wait for the process that replaces it."""
    topology.spread()
    cameras = PublishedCameras.start(topology, "takeover", 200_150)
    killed = topology.pids()["narrator-0"]
    topology.kill("narrator-0")
    wait_until(
        lambda: topology.owners() == ["narrator-1"] * 2 and not topology.run.status().ready,
        "the takeover of both partitions before there is another narrator",
        show=topology.show,
    )
    cameras.check()
    topology.wait_until_replaced({"narrator-0": killed})


def test_a_narrator_that_was_paused_past_its_lease_does_no_harm(topology: LiveTopology) -> None:
    topology.spread()
    cameras = PublishedCameras.start(topology, "paused", 200_160)
    before = topology.pids()
    os.kill(before["narrator-0"], signal.SIGSTOP)
    try:
        wait_until(
            lambda: topology.owners() == ["narrator-1"] * 2, "the end of the lease", show=topology.show
        )
        row = next(actor for actor in topology.run.status().actors if actor.name == "narrator-0")
        assert row.silent
        assert not topology.run.status().ready
    finally:
        # It wakes up with commits of its own under way.
        os.kill(before["narrator-0"], signal.SIGCONT)
    cameras.check()
    wait_until(lambda: topology.run.status().ready, "it may have partitions again", show=topology.show)
    assert topology.pids() == before, "nobody was killed for that"
