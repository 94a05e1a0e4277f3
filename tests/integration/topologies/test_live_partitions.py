"""`flownar partitions`: who owns what, and moving a partition while its cameras publish."""

from __future__ import annotations

import json

import pytest

from pipeline.errors import TopologyError
from pipeline.wire.partitioner import partition_of
from tests.support.command_line import run_flownar
from tests.support.live_cameras import PublishedCameras
from tests.support.live_topology import LiveTopology


def test_a_moved_stream_goes_on_as_if_it_had_stayed(topology: LiveTopology) -> None:
    settings = topology.settings
    cameras = PublishedCameras.start(topology, "moved", 200_200)
    partition = partition_of("moved/0", settings.kafka.partitions)
    before = topology.run.status().partitions[partition]
    other = {"narrator-0": "narrator-1", "narrator-1": "narrator-0"}[before.narrator]
    moved = run_flownar(settings, ["partitions", "move", str(partition), other, "--json"])
    assert moved.returncode == 0, moved.stderr
    answer = json.loads(moved.stdout)
    assert (answer["partition"], answer["narrator"]) == (partition, other)
    assert answer["generation"] > before.generation
    cameras.check()

    row = topology.run.status().partitions[partition]
    assert (row.narrator, row.pinned) == (other, True)
    listed = run_flownar(settings, ["partitions", "list", "--json"])
    assert listed.returncode == 0, listed.stderr
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [values["partition"] for values in rows] == list(range(settings.kafka.partitions))
    assert (rows[partition]["narrator"], rows[partition]["pinned"], rows[partition]["lag"]) == (
        other,
        True,
        0,
    )


def test_a_wish_that_can_not_be_granted_is_refused(topology: LiveTopology) -> None:
    for partition, narrator, words in (
        (7, "narrator-0", "There is no partition 7."),
        (0, "reader-0", "There is no narrator 'reader-0'."),
    ):
        with pytest.raises(TopologyError, match=words) as refused:
            topology.run.move(partition, narrator, deadline_s=1.0)
        assert refused.value.action
