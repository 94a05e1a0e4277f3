"""How long partitions take to commit again."""

from __future__ import annotations

import math

from topologies.chaos.faults import DoneFault
from topologies.chaos.recovery import p95_by_kind, percentile, recoveries
from topologies.chaos.schedule import FaultKind

KILL = FaultKind.KILL_NARRATOR


def fault(
    kind: FaultKind, began_ms: int, ended_ms: int | None = None, partitions: tuple[int, ...] = (0,)
) -> DoneFault:
    return DoneFault(kind, "somebody", began_ms, began_ms if ended_ms is None else ended_ms, partitions)


def seconds(done: list[DoneFault], commits: dict[int, list[int]]) -> list[tuple[float, bool]]:
    return [(found.seconds, found.shifted) for found in recoveries(done, commits)]


def test_a_recovery_lasts_until_the_first_commit_behind_the_fault() -> None:
    assert seconds([fault(KILL, 1_000)], {0: [500, 1_000, 3_500, 9_000]}) == [(2.5, False)]


def test_every_partition_counts_that_has_traffic() -> None:
    done = [fault(KILL, 1_000, partitions=(0, 1, 2))]
    assert seconds(done, {0: [2_000], 2: [500, 4_000]}) == [(1.0, False), (3.0, False)]


def test_a_partition_that_never_commits_again_does_not_recover() -> None:
    assert seconds([fault(KILL, 1_000)], {0: [900]}) == [(math.inf, False)]


def test_an_outage_between_shifts_the_beginning_to_its_end() -> None:
    outage = fault(FaultKind.RESTART_BROKER, 2_000, 10_000, partitions=())
    assert seconds([fault(KILL, 1_000), outage], {0: [13_000]}) == [(3.0, True)]
    earlier = fault(FaultKind.CUT_REDIS, 500, 4_000, partitions=())
    assert seconds([fault(KILL, 1_000), earlier], {0: [5_000]}) == [(1.0, True)]


def test_an_outage_behind_the_commit_or_before_the_fault_changes_nothing() -> None:
    for began_ms, ended_ms in ((3_000, 10_000), (100, 900)):
        outage = fault(FaultKind.CUT_KAFKA, began_ms, ended_ms, partitions=())
        assert seconds([fault(KILL, 1_000), outage], {0: [2_000]}) == [(1.0, False)]


def test_a_commit_during_an_outage_that_did_not_hinder_it_counts() -> None:
    outage = fault(FaultKind.CUT_REDIS, 500, 10_000, partitions=())
    assert seconds([fault(KILL, 1_000), outage], {0: [2_000]}) == [(1.0, False)]


def test_an_outage_itself_counts_from_its_beginning_unless_another_one_outlasts_it() -> None:
    done = [fault(FaultKind.RESTART_BROKER, 1_000, 9_000), fault(FaultKind.CUT_REDIS, 2_000, 5_000)]
    assert seconds(done, {0: [11_000]}) == [(10.0, False), (2.0, True)]


def test_percentiles_are_by_kind() -> None:
    done = [fault(KILL, 1_000 * i) for i in range(20)] + [fault(FaultKind.KILL_READER, 0)]
    found = recoveries(done, {0: [1_000 * i + 100 for i in range(19)] + [25_000]})
    assert p95_by_kind(found) == {KILL: 0.1, FaultKind.KILL_READER: 0.1}
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert math.isnan(percentile([], 0.5))
