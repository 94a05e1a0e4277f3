"""`flownar run` and `flownar stop` where nothing is started: what is checked before, and what is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from operators.narrator.types import FramePosition
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_json import encode
from pipeline.commit.checkpoint_record import BaseState, StreamCheckpoint
from pipeline.config import Settings
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.wire.topics import TopicNames
from tests.support.command_line import run_flownar


@pytest.fixture(scope="module")
def alone(new_settings: Callable[..., Settings], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Topics of their own, and a state folder without a Ray."""
    folder = tmp_path_factory.mktemp("alone")
    return new_settings(partitions=1).model_copy(update={"state_dir": folder})


def test_a_dry_run_tells_what_would_be_started(alone: Settings, tiny_model: Path) -> None:
    done = run_flownar(alone, ["run", "live", "--dry-run", "--set", f"model.path={tiny_model}"])
    assert done.returncode == 0, done.stderr
    assert str(tiny_model) in done.stdout
    assert alone.kafka.bootstrap_servers in done.stdout
    assert "a local one, to be started" in done.stdout


def test_missing_topics_are_said_before_anything_starts(alone: Settings, tiny_model: Path) -> None:
    options = ["--set", f"model.path={tiny_model}", "--set", "kafka.prefix=nowhere."]
    done = run_flownar(alone, ["run", "live", *options])
    assert done.returncode == 3
    assert "nowhere.frames does not exist" in done.stderr
    assert "flownar topics create" in done.stderr


def test_a_missing_model_is_said_before_anything_starts(alone: Settings, tmp_path: Path) -> None:
    done = run_flownar(alone, ["run", "live", "--set", f"model.path={tmp_path / 'none'}"])
    assert done.returncode == 1
    assert "there is no model folder" in done.stderr


def test_memories_of_another_model_are_refused_before_anything_starts(
    alone: Settings, new_settings: Callable[..., Settings], tiny_model: Path
) -> None:
    alone = alone.model_copy(update={"kafka": new_settings(partitions=1).kafka})
    base = BaseState(FramePosition(3), True, None, BlobRef("k", "", 1))
    value = encode(StreamCheckpoint("0123456789abcdef", base, base.position))
    topic = TopicNames.of(alone.kafka.prefix).checkpoints
    sender = IdempotentProducer(connection_kwargs(alone.kafka), client_id="test", max_record_bytes=2**20)
    sender.send(OutgoingRecord(topic, 0, b"cam", value))
    sender.close()
    options = ["--dry-run", "--set", f"model.path={tiny_model}"]
    done = run_flownar(alone, ["run", "live", *options])
    assert done.returncode == 3
    assert "1 stream was made by another model: 1 by model 0123456789abcdef" in done.stderr
    assert "--accept-state-loss" in done.stderr
    done = run_flownar(alone, ["run", "live", *options, "--accept-state-loss"])
    assert done.returncode == 0, done.stderr


def test_a_dashboard_is_no_cluster_address(alone: Settings, tiny_model: Path) -> None:
    options = ["--address", "http://127.0.0.1:8265", "--set", f"model.path={tiny_model}"]
    done = run_flownar(alone, ["run", "live", *options])
    assert done.returncode == 3
    assert "ray job submit --address http://127.0.0.1:8265" in done.stderr


def test_stopping_what_does_not_run_is_fine(alone: Settings) -> None:
    done = run_flownar(alone, ["stop", "live"])
    assert done.returncode == 0
    assert "does not run" in done.stderr


@pytest.mark.parametrize("command", ["run", "stop"])
def test_an_unknown_topology_is_a_usage_error(alone: Settings, command: str) -> None:
    done = run_flownar(alone, [command, "lives"])
    assert done.returncode == 2
    assert "There is: live" in done.stderr
