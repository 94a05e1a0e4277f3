"""How much each partition has to do: frames per second, smoothed."""

from dataclasses import dataclass, field

SMOOTHING_S = 30.0
"""A rate of this long ago counts about a third of today's."""

KNOWN_AFTER_S = 10.0
"""Before that, what is measured is mostly the takeover's repetition."""

FLOOR = 0.1
"""Share of the average that a partition without frames counts: its cameras may come back."""


@dataclass(slots=True)
class _Meter:
    generation: int
    frames: int
    at_s: float
    seen_s: float = 0.0
    rate: float = 0.0


@dataclass(slots=True)
class LoadMeter:
    """Measures partitions by counters of frames. Not thread-safe."""

    _meters: dict[int, _Meter] = field(default_factory=dict)

    def observe(self, partition: int, generation: int, frames: int, now_s: float) -> None:
        """Take note of a counter.

        Args:
            partition: Partition number.
            generation: Counters of different generations have nothing in common.
            frames: Frames of the partition so far, those of streams that have ended may be missing.
            now_s: Monotonic time.
        """
        meter = self._meters.get(partition)
        if meter is None:
            self._meters[partition] = _Meter(generation, frames, now_s)
            return
        elapsed_s = now_s - meter.at_s
        if meter.generation == generation and elapsed_s > 0.0:
            rate = max(0, frames - meter.frames) / elapsed_s
            meter.seen_s += elapsed_s
            # Until so much has been seen, this is the plain average.
            meter.rate += min(1.0, elapsed_s / min(SMOOTHING_S, meter.seen_s)) * (rate - meter.rate)
        meter.generation, meter.frames, meter.at_s = generation, frames, now_s

    def rate(self, partition: int) -> float | None:
        """Frames per second of a partition; None while it is not known."""
        meter = self._meters.get(partition)
        return meter.rate if meter is not None and meter.seen_s >= KNOWN_AFTER_S else None

    def weights(self, num_partitions: int) -> tuple[float, ...]:
        """Load of each partition: its rate; those that are not known count as much as the average, or 1."""
        rates = [self.rate(partition) for partition in range(num_partitions)]
        known = [rate for rate in rates if rate is not None]
        average = sum(known) / len(known) if known else 0.0
        if average == 0.0:
            return (1.0,) * num_partitions
        return tuple(average if rate is None else max(rate, FLOOR * average) for rate in rates)
