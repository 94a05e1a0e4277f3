"""How much each partition has to do: frames per second, smoothed."""

from dataclasses import dataclass, field

SMOOTHING_S = 30.0
"""A rate of this long ago counts about a third of today's."""

KNOWN_AFTER_S = 10.0
"""Before that, what is measured is mostly the takeover's repetition."""

FLOOR = 0.1
FLOOR_FPS = 0.2
"""What a partition counts at least, as a share of the average and in frames per second: cameras may come
back, and what is left of a rate that has ended says nothing."""


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
        if not known:
            return (1.0,) * num_partitions
        average = sum(known) / len(known)
        least = max(FLOOR * average, FLOOR_FPS)
        return tuple(max(average if rate is None else rate, least) for rate in rates)
