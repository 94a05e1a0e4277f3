"""The takeover on the real Kafka and Redis; the rest of it needs them (tests/integration/test_commit.py)."""

from __future__ import annotations

from pipeline.commit.snapshot_policy import SnapshotPolicy
from pipeline.config import CommitSettings
from pipeline.narrator.partition_takeover import snapshot_policy


def test_the_policy_is_read_from_the_settings() -> None:
    settings = CommitSettings(snapshot_every_segments=2, snapshot_every_s=3.0, snapshot_lag_records=4)
    assert snapshot_policy(settings) == SnapshotPolicy(2, 3.0, 4)
