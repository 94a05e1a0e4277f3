import json

from hypothesis import given
from hypothesis import strategies as st

from pipeline.reader.admission import WINDOW, AdmissionState, admit

RECORDS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200)), max_size=200)


def run(records: list[tuple[int, int]]) -> tuple[AdmissionState | None, list[str | None]]:
    state: AdmissionState | None = None
    codes = []
    for epoch, sequence in records:
        state, code = admit(state, epoch, sequence)
        codes.append(code)
    return state, codes


@given(RECORDS)
def test_taken_records_only_go_forward_and_none_is_taken_twice(records: list[tuple[int, int]]) -> None:
    _, codes = run(records)
    taken = [record for record, code in zip(records, codes, strict=True) if code is None]
    assert taken == sorted(set(taken))


@given(RECORDS)
def test_reasons_say_what_happened_within_the_window(records: list[tuple[int, int]]) -> None:
    _, codes = run(records)
    taken: list[tuple[int, int]] = []
    for (epoch, sequence), code in zip(records, codes, strict=True):
        if code is None:
            taken.append((epoch, sequence))
        elif code == "stale-epoch":
            assert epoch < taken[-1][0]
        elif code == "duplicate-sequence":
            assert (epoch, sequence) in taken
        else:
            assert code == "sequence-out-of-order"
            too_old_to_tell = taken[-1][1] - sequence >= WINDOW
            assert too_old_to_tell or (epoch, sequence) not in taken


@given(RECORDS)
def test_the_state_survives_json_and_a_refusal_does_not_change_it(records: list[tuple[int, int]]) -> None:
    state, _ = run(records)
    if state is None:
        return
    assert AdmissionState.from_json(json.loads(json.dumps(state.to_json()))) == state
    assert state.seen & 1
    assert state.seen < 1 << WINDOW
    for epoch, sequence in records:
        after, code = admit(state, epoch, sequence)
        if code is not None:
            assert after == state


def test_a_state_without_times_as_older_versions_wrote_it_is_read() -> None:
    assert AdmissionState.from_json({"epoch": 5, "sequence": 3, "seen": "f"}) == AdmissionState(5, 3, 15)


def test_a_first_record_is_taken_whatever_its_sequence() -> None:
    assert run([(5, 17)]) == (AdmissionState(5, 17), [None])


def test_a_gap_is_taken_and_what_comes_late_is_refused_each_time() -> None:
    _, codes = run([(1, 0), (1, 1), (1, 5), (1, 3), (1, 3), (1, 1), (1, 6)])
    assert codes == [
        None,
        None,
        None,
        "sequence-out-of-order",
        "sequence-out-of-order",
        "duplicate-sequence",
        None,
    ]


def test_a_larger_epoch_supersedes_and_the_older_one_is_stale() -> None:
    _, codes = run([(1, 8), (2, 0), (1, 9), (2, 1)])
    assert codes == [None, None, "stale-epoch", None]


def test_the_edge_of_the_window() -> None:
    state, _ = admit(AdmissionState(1, 0), 1, WINDOW - 1)
    assert admit(state, 1, 0)[1] == "duplicate-sequence"
    state, _ = admit(AdmissionState(1, 0), 1, WINDOW)
    assert admit(state, 1, 0)[1] == "sequence-out-of-order"
    assert admit(AdmissionState(1, 0), 1, 2**63 - 1)[0] == AdmissionState(1, 2**63 - 1)
