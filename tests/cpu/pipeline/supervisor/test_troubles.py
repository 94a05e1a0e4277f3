import logging

import pytest

from pipeline.supervisor.blame import Services
from pipeline.supervisor.table import Ownership, Phase, Table
from pipeline.supervisor.troubles import SETTLED_S, Troubles

SILENT = "takeover failed: KafkaUnavailableError: no answer within {} s"


def owned(num_partitions: int, since_s: float) -> Table:
    return tuple(
        Ownership(p, Phase.OWNED, 9, "n-0", "r-0", "", since_s=since_s) for p in range(num_partitions)
    )


def unowned(num_partitions: int) -> Table:
    return tuple(Ownership(p, generation=1) for p in range(num_partitions))


@pytest.fixture
def troubles() -> Troubles:
    return Troubles(Services("kafka-1:9092", "redis-1:6379"))


@pytest.fixture(autouse=True)
def _log_all(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_a_service_that_is_away_is_said_once_for_all_partitions(
    troubles: Troubles, caplog: pytest.LogCaptureFixture
) -> None:
    for attempt in range(5):
        for partition in range(4):
            troubles.failed(partition, attempt, SILENT.format(attempt), float(attempt))
            troubles.round(unowned(4), (), float(attempt))
    assert caplog.messages == ["waiting: Kafka at kafka-1:9092 does not answer"]
    assert troubles.waiting == "Kafka at kafka-1:9092 does not answer"


def test_another_reason_is_said_once_for_each_partition(
    troubles: Troubles, caplog: pytest.LogCaptureFixture
) -> None:
    for attempt in range(5):
        troubles.failed(2, attempt, "narrator-0: commit failed: FencedError", float(attempt))
        troubles.round(unowned(4), (), float(attempt))
    assert caplog.messages == ["partition 2 generation 0: narrator-0: commit failed: FencedError"]
    assert troubles.waiting == ""


def test_it_is_over_when_the_partition_stays_owned(
    troubles: Troubles, caplog: pytest.LogCaptureFixture
) -> None:
    troubles.failed(0, 1, SILENT.format(3), 0.0)
    troubles.round(unowned(1), (), 0.0)
    troubles.owned(owned(1, since_s=10.0)[0], 10.0)
    troubles.round(owned(1, since_s=10.0), (), 10.5)
    assert troubles.waiting, "it may be lost again at the next commit"
    troubles.round(owned(1, since_s=10.0), (), 10.0 + SETTLED_S)
    assert troubles.waiting == ""
    assert caplog.messages[1:] == [
        "partition 0 generation 9: n-0, read by r-0",
        "waiting for no service any more",
    ]
    troubles.failed(0, 10, SILENT.format(3), 60.0)
    troubles.round(unowned(1), (), 60.0)
    assert len(caplog.messages) == 4


def test_taking_over_and_losing_in_turns_is_not_told_again_and_again(
    troubles: Troubles, caplog: pytest.LogCaptureFixture
) -> None:
    for attempt in range(5):
        troubles.failed(0, attempt, "commit failed: StateStoreError: can't write", attempt * 3.0)
        troubles.round(unowned(1), (), attempt * 3.0)
        troubles.owned(owned(1, attempt * 3.0 + 1)[0], attempt * 3.0 + 1)
        troubles.round(owned(1, attempt * 3.0 + 1), (), attempt * 3.0 + 2)
    assert len(caplog.messages) == 1


def test_a_service_that_only_the_actors_miss_is_waited_for(
    troubles: Troubles, caplog: pytest.LogCaptureFixture
) -> None:
    for second in range(5):
        troubles.round(owned(4, since_s=0.0), ("redis",), float(second))
    assert caplog.messages == ["waiting: Redis at redis-1:6379 does not answer, or refuses"]
    troubles.round(owned(4, since_s=0.0), (), 5.0)
    assert troubles.waiting == ""
