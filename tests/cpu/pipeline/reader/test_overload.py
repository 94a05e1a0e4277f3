"""The controller on a simulated partition: one queue, a fixed capacity, records that age in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.reader.overload import MIN_RATIO, LoadWindow, OverloadState, next_overload

SHED_AFTER_S = 30.0
WINDOW_S = 5


@dataclass
class Simulation:
    """One step a second; the ratio that is returned by `run` is that of every window."""

    input_per_s: Callable[[int], float]
    capacity_per_s: Callable[[int], float]
    noise: Random = field(default_factory=lambda: Random(1))
    queue: deque[tuple[int, float]] = field(default_factory=deque)
    state: OverloadState = field(default_factory=OverloadState)

    def run(self, seconds: int) -> list[tuple[float, float]]:
        """Ratio and age at the end of every window."""
        history = []
        appended = passed = 0.0
        for now in range(seconds):
            came = self.input_per_s(now) * self.noise.uniform(0.8, 1.2)
            self.queue.append((now, came))
            appended += came
            work = self.capacity_per_s(now) * self.noise.uniform(0.8, 1.2)
            while self.queue and work > 0:
                born, records = self.queue.popleft()
                done = min(records, work / self.state.ratio)
                work -= done * self.state.ratio
                passed += done
                if done < records:
                    self.queue.appendleft((born, records - done))
            if now % WINDOW_S == WINDOW_S - 1:
                age_s = now - self.queue[0][0] if self.queue else 0.0
                window = LoadWindow(WINDOW_S, age_s, round(appended), round(passed))
                self.state = next_overload(self.state, window, SHED_AFTER_S)
                history.append((self.state.ratio, age_s))
                appended = passed = 0.0
        return history


@given(st.floats(1.15, 12), st.floats(5, 500), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_share_settles_at_what_can_be_narrated(factor: float, input_per_s: float, seed: int) -> None:
    capacity = input_per_s / factor
    history = Simulation(lambda _: input_per_s, lambda _: capacity, Random(seed)).run(1800)
    settled = history[len(history) // 2 :]
    mean = sum(ratio for ratio, _ in settled) / len(settled)
    assert abs(mean * factor - 1) < 0.2
    # No swinging between all and nothing: single windows stay near the mean too.
    assert all(0.5 < ratio * factor < 1.6 for ratio, _ in settled)
    assert all(age < SHED_AFTER_S for _, age in settled)


def test_twice_the_load_costs_half_of_the_frames() -> None:
    history = Simulation(lambda _: 40.0, lambda _: 20.0).run(1200)
    assert all(ratio == 1.0 for ratio, _ in history[: int(SHED_AFTER_S) // WINDOW_S])
    settled = [ratio for ratio, _ in history[60:]]
    assert 0.4 < min(settled) <= max(settled) < 0.6


def test_the_share_rises_again_when_the_load_is_gone() -> None:
    history = Simulation(lambda now: 40.0 if now < 600 else 10.0, lambda _: 20.0).run(800)
    assert history[110][0] < 0.6
    assert history[-1] == (1.0, 0.0)


@given(st.floats(60, 3600), st.floats(0.1, 0.85), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_a_backlog_that_shrinks_loses_nothing(outage_s: float, load: float, seed: int) -> None:
    simulation = Simulation(lambda _: 20.0 * load, lambda now: 20.0 if now > outage_s else 0.0, Random(seed))
    history = simulation.run(int(outage_s / (1 - load)) + 600)
    assert all(ratio == 1.0 for ratio, _ in history)
    assert history[-1][1] < SHED_AFTER_S


def test_a_recording_that_is_sent_at_once_loses_nothing() -> None:
    history = Simulation(lambda now: 1000.0 if now < 3 else 0.0, lambda _: 10.0).run(600)
    assert max(age for _, age in history) > 2 * SHED_AFTER_S
    assert all(ratio == 1.0 for ratio, _ in history)


def test_nothing_is_left_out_while_nothing_moves() -> None:
    history = Simulation(lambda _: 20.0, lambda _: 0.0).run(600)
    assert all(ratio == 1.0 for ratio, _ in history)


def test_the_share_has_a_floor() -> None:
    history = Simulation(lambda _: 1000.0, lambda _: 1.0).run(600)
    assert min(ratio for ratio, _ in history) == MIN_RATIO
