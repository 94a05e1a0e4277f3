"""`flownar up`, `down`, `topics`, `config`, `status` and `doctor` as processes, against real services."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from operators.narrator.types import FramePosition
from pipeline.commit.checkpoint_json import encode
from pipeline.commit.checkpoint_record import (
    BaseState,
    OwnerRecord,
    PartitionCheckpoint,
    StreamCheckpoint,
    owner_key,
    partition_key,
)
from pipeline.config import Settings
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.services.local import stop_services
from pipeline.wire.partitioner import partition_of
from pipeline.wire.topics import TopicNames
from tests.support.command_line import run_flownar
from tests.support.outputs import commit, narration_event, narration_record


@pytest.fixture
def own_folder(service_settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The running services, and a state folder of this test alone."""
    settings = service_settings.model_copy(update={"state_dir": tmp_path / "state"})
    yield settings
    stop_services(settings)


def run(settings: Settings, *arguments: str, exit_code: int = 0) -> Any:
    """Run a command with --json; return what it prints."""
    done = run_flownar(settings, [*arguments, "--json"])
    assert done.returncode == exit_code, done.stderr + done.stdout
    return json.loads(done.stdout)


def state_of_stream(settings: Settings, stream: str) -> list[OutgoingRecord]:
    topic = TopicNames.of(settings.kafka.prefix).checkpoints
    partition = partition_of(stream, settings.kafka.partitions)
    records = {
        stream: StreamCheckpoint(
            "0123456789abcdef", BaseState.fresh(0), narrated_through=FramePosition(29), next_event=17
        ),
        partition_key(partition): PartitionCheckpoint(position=0),
        owner_key(partition): OwnerRecord(generation=5, narrator="narrator-0", time_ns=1),
    }
    return [OutgoingRecord(topic, partition, key.encode(), encode(value)) for key, value in records.items()]


def test_services_that_are_set_elsewhere_are_not_started(own_folder: Settings) -> None:
    done = run_flownar(own_folder, ["up", "--no-topics"])
    assert done.returncode == 0, done.stderr
    assert (
        "kafka  not started: kafka.bootstrap_servers is set by FLOWNAR_KAFKA__BOOTSTRAP_SERVERS"
        in done.stdout
    )
    assert "redis  not started: redis.url is set by FLOWNAR_REDIS__URL" in done.stdout
    assert run(own_folder, "down")["services"][0]["was_running"] is False


def test_topics_are_created_once_and_checked(new_settings: Callable[..., Settings]) -> None:
    settings = new_settings(topics=False)
    assert len(run(settings, "topics", "check", exit_code=3)["differences"]) == 5
    assert len(run(settings, "topics", "create")["created"]) == 5
    assert run(settings, "topics", "create")["created"] == []
    assert run(settings, "topics", "check")["differences"] == []
    fewer = settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"partitions": 3})})
    differences = run(fewer, "topics", "check", exit_code=3)["differences"]
    assert {(d["setting"], d["expected"], d["found"]) for d in differences} == {("partitions", "3", "4")}


def test_status_shows_positions_owners_and_the_last_narration_of_each_stream(
    new_settings: Callable[..., Settings],
) -> None:
    settings = new_settings()
    events = [narration_event("hall/1", number, f"opens box {number}") for number in range(3)]
    narrations = [narration_record(settings.kafka, event) for event in events]
    commit(settings, [*narrations, *state_of_stream(settings, "hall/1")])
    status = run(settings, "status")
    assert status["healthy"]
    assert status["redis"]["policy"]["appendfsync"] == "always"
    assert [topic["num_partitions"] for topic in status["kafka"]["topics"]] == [4, 4, 4, 4, 1]
    (stream,) = status["kafka"]["streams"]
    assert (stream["stream"], stream["last_text"], stream["num_events"]) == ("hall/1", "opens box 2", 17)
    owned = [p for p in status["kafka"]["partitions"] if p["generation"] == 5]
    assert [(p["narrator"], p["committed"]) for p in owned] == [("narrator-0", 0)]
    shown = run_flownar(settings, ["status"]).stdout
    assert "hall/1" in shown
    assert "opens box 2" in shown


def test_status_says_what_does_not_answer(own_folder: Settings) -> None:
    kafka = own_folder.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    status = run(own_folder.model_copy(update={"kafka": kafka}), "status", exit_code=3)
    assert status["kafka"] is None
    assert "127.0.0.1:1" in status["kafka_error"]
    assert status["redis"] is not None


def test_doctor_finds_what_is_wrong(fresh_settings: Settings, new_settings: Callable[..., Settings]) -> None:
    def problems(settings: Settings) -> set[str]:
        found = run(settings, "--set", "model.path=/nowhere", "doctor", exit_code=3)["findings"]
        return {finding["area"] for finding in found if finding["level"] != "ok"}

    assert problems(fresh_settings) == {"model"}
    assert problems(new_settings(topics=False)) == {"model", "topics"}
    frames = TopicNames.of(fresh_settings.kafka.prefix).frames
    stray = (partition_of("cam-1", 4) + 1) % 4
    commit(fresh_settings, [OutgoingRecord(frames, stray, b"cam-1", b"x")])
    assert problems(fresh_settings) == {"model", "partitioner"}


def test_settings_are_shown_with_their_origin_and_without_secrets(fresh_settings: Settings) -> None:
    shown = run(fresh_settings, "--set", "live.credits=7", "config", "show")
    assert shown["live.credits"] == {
        "value": 7,
        "origin": "flag",
        "description": "Records in flight per partition, from the reader to the narrator's answer.",
        "variable": "FLOWNAR_LIVE__CREDITS",
    }
    assert shown["kafka.prefix"]["origin"] == "FLOWNAR_KAFKA__PREFIX"
    redis = fresh_settings.redis.model_copy(update={"url": "redis://me:hunter2@127.0.0.1:1/0"})
    secret = run_flownar(fresh_settings.model_copy(update={"redis": redis}), ["config", "show"])
    assert "redis://me:********@127.0.0.1:1/0" in secret.stdout
    assert "hunter2" not in secret.stdout + secret.stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--set", "kafka.prefx=a", "status"], "Did you mean kafka.prefix?"),
        (["--set", "kafka.prefix", "status"], "KEY=VALUE"),
        (["--config", "/nowhere.toml", "status"], "can't be read"),
        (["--set", "kafka.security_protocol=SASL_SSL", "status"], "Settings of [kafka] from"),
    ],
)
def test_wrong_settings_are_told_with_exit_code_2(
    fresh_settings: Settings, arguments: list[str], word: str
) -> None:
    done = run_flownar(fresh_settings, arguments)
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr
