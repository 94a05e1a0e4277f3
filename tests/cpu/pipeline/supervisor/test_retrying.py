from pipeline.supervisor.retrying import LONGEST_PAUSE_S, STABLE_S, Retries


def pauses(retries: Retries, num_failures: int, now_s: float = 0.0) -> list[float]:
    """The pause after each of some failures that follow one another at once."""
    found = []
    for _ in range(num_failures):
        retries.failed(3, now_s)
        tenths = 0
        while not retries.is_due(3, now_s + tenths / 10):
            tenths += 1
        found.append(tenths / 10)
        now_s += tenths / 10
    return found


def test_the_first_takeover_follows_at_once_and_pauses_grow_up_to_a_bound() -> None:
    found = pauses(Retries(), 12)
    assert found[0] == 0.0
    assert found == sorted(found)
    assert found[-1] == LONGEST_PAUSE_S
    assert sum(found[:4]) < 2.0, "what is over soon is tried soon"


def test_a_partition_that_is_owned_for_a_while_begins_anew() -> None:
    retries = Retries()
    pauses(retries, 8)
    retries.succeeded(3, 100.0)
    assert pauses(retries, 1, 100.0 + STABLE_S + 1) == [0.0]


def test_a_partition_that_is_lost_again_at_once_does_not() -> None:
    retries = Retries()
    pauses(retries, 8)
    retries.succeeded(3, 100.0)
    assert pauses(retries, 1, 100.5) == [LONGEST_PAUSE_S]


def test_other_partitions_do_not_wait() -> None:
    retries = Retries()
    pauses(retries, 8)
    assert retries.is_due(4, 0.0)
