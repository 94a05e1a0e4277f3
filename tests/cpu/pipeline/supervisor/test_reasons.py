from pipeline.supervisor.reasons import Reasons


def test_a_reason_is_new_once() -> None:
    reasons = Reasons()
    assert reasons.is_new(
        1, "takeover failed: KafkaUnavailableError: no answer from 10.0.0.1:9092 within 3 s"
    )
    assert not reasons.is_new(
        1, "takeover failed: KafkaUnavailableError: no answer from 10.0.0.1:9092 within 7.5 s"
    )
    assert reasons.is_new(
        2, "takeover failed: KafkaUnavailableError: no answer from 10.0.0.1:9092 within 3 s"
    )
    assert reasons.is_new(1, "takeover failed: StateStoreError: can't read")
    assert not reasons.is_new(1, "takeover failed: StateStoreError: can't read")


def test_keys_and_hashes_make_no_difference_but_words_do() -> None:
    reasons = Reasons()
    assert reasons.is_new(1, "can't read live:blob:3:7:0af3b2c1d4e5f607:99aa00bb11cc22dd")
    assert not reasons.is_new(1, "can't read live:blob:3:9:1bf3b2c1d4e5f607:00aa00bb11cc22dd")
    assert reasons.is_new(1, "can't write live:blob:3:9:1bf3b2c1d4e5f607:00aa00bb11cc22dd")


def test_what_is_over_may_be_said_again() -> None:
    reasons = Reasons()
    reasons.is_new(1, "lost")
    assert reasons.has_any(1)
    assert reasons.is_over(1)
    assert not reasons.is_over(1)
    assert not reasons.has_any(1)
    assert reasons.is_new(1, "lost")
