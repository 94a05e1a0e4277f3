import pytest

from pipeline.supervisor.load import FLOOR, KNOWN_AFTER_S, LoadMeter


def measured(fps: float, seconds: float, meter: LoadMeter | None = None, partition: int = 0) -> LoadMeter:
    meter = meter or LoadMeter()
    for second in range(int(seconds) + 1):
        meter.observe(partition, 1, int(fps * second), float(second))
    return meter


def test_nothing_is_known_at_first() -> None:
    assert measured(4.0, KNOWN_AFTER_S - 1).rate(0) is None
    assert LoadMeter().weights(3) == (1.0, 1.0, 1.0)


def test_a_steady_rate_is_found() -> None:
    assert measured(4.0, KNOWN_AFTER_S).rate(0) == pytest.approx(4.0)
    assert measured(4.0, 100.0).rate(0) == pytest.approx(4.0)


def test_a_burst_is_smoothed() -> None:
    meter = measured(4.0, 100.0)
    meter.observe(0, 1, 500, 101.0)
    assert meter.rate(0) == pytest.approx(4.0 + (100 - 4) / 30, rel=0.01)


def test_another_generation_and_ended_streams_are_no_negative_load() -> None:
    meter = measured(4.0, 100.0)
    meter.observe(0, 2, 0, 101.0)
    assert meter.rate(0) == pytest.approx(4.0)
    meter.observe(0, 2, -50, 102.0)
    assert 0.0 < (meter.rate(0) or 0.0) < 4.0


def test_unknown_partitions_count_as_the_average_and_idle_ones_a_little() -> None:
    meter = measured(8.0, 100.0)
    measured(0.0, 100.0, meter, partition=1)
    assert meter.weights(3) == pytest.approx((8.0, FLOOR * 4.0, 4.0))


def test_idle_partitions_are_alike() -> None:
    meter = measured(0.001, 100.0)
    measured(0.01, 100.0, meter, partition=1)
    assert len(set(meter.weights(3))) == 1
