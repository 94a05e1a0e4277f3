"""How values change over time: append-only lists of keys, read at any time by bisection."""

from bisect import bisect_right


class StepTrack:
    """A value that changes at once."""

    def __init__(self, first: int) -> None:
        self._times: list[float] = [float("-inf")]
        self._values: list[int] = [first]

    @property
    def last(self) -> int:
        """The newest value."""
        return self._values[-1]

    def put(self, time_s: float, value: int) -> None:
        """Let the value be `value` from `time_s` on; times must not go back."""
        if time_s < self._times[-1]:
            raise ValueError(f"a step at {time_s} s comes after one at {self._times[-1]} s")
        self._times.append(time_s)
        self._values.append(value)

    def at(self, time_s: float) -> int:
        """The value at a time."""
        return self._values[bisect_right(self._times, time_s) - 1]


class RampTrack:
    """A number that changes evenly between keys."""

    def __init__(self, first: float) -> None:
        self._times: list[float] = [0.0]
        self._values: list[float] = [first]

    @property
    def last(self) -> float:
        """The newest value."""
        return self._values[-1]

    def ramp(self, start_s: float, end_s: float, value: float) -> None:
        """Go from the newest value at `start_s` to `value` at `end_s`; times must not go back."""
        if start_s < self._times[-1]:
            raise ValueError(f"a ramp at {start_s} s comes after one at {self._times[-1]} s")
        self._times += [start_s, end_s]
        self._values += [self._values[-1], value]

    def at(self, time_s: float) -> float:
        """The value at a time."""
        index = bisect_right(self._times, time_s) - 1
        if index < 0:
            return self._values[0]
        if index + 1 == len(self._times):
            return self._values[-1]
        start, end = self._times[index], self._times[index + 1]
        u = (time_s - start) / (end - start) if end > start else 1.0
        return self._values[index] + (self._values[index + 1] - self._values[index]) * u
