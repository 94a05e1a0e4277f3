from pipeline.supervisor.lease import LOADING_DEADLINE_S, LONGEST_STEP_S, START_DEADLINE_S, Silence


def listened(silence: Silence, seconds: float, step_s: float = 0.25) -> Silence:
    for _ in range(round(seconds / step_s)):
        silence.listened(step_s)
    return silence


def test_partitions_go_long_before_the_process() -> None:
    silence = listened(Silence(heard=True, ready=True, lease_s=5.0), 5.0)
    assert silence.is_lease_over
    assert silence.deadline_s(alone=False) == 30.0
    assert silence.deadline_s(alone=True) == 10.0


def test_an_actor_that_starts_has_no_lease() -> None:
    starting = listened(Silence(heard=False, ready=False, lease_s=5.0), 100.0)
    assert not starting.is_lease_over
    assert starting.deadline_s(alone=True) == START_DEADLINE_S
    loading = listened(Silence(heard=True, ready=False, lease_s=5.0), 20.0)
    assert not loading.is_lease_over
    assert loading.deadline_s(alone=True) == LOADING_DEADLINE_S


def test_a_supervisor_that_was_paused_itself_blames_nobody() -> None:
    silence = Silence(heard=True, ready=True, lease_s=5.0)
    silence.listened(3600.0)
    assert silence.silent_s == LONGEST_STEP_S
    assert not silence.is_lease_over
