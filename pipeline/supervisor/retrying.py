"""When a partition that was lost is taken over again: at once, then after pauses that grow up to a bound."""

from dataclasses import dataclass, field

FIRST_PAUSE_S = 0.25
GROWTH = 1.7
LONGEST_PAUSE_S = 3.0
"""What was missing is back for at most this long before it is noticed."""

STABLE_S = 10.0
"""A partition that was owned for so long has recovered: its next loss is a new one."""


@dataclass(slots=True)
class _Trouble:
    failures: int
    due_s: float
    owned_since_s: float | None = None


@dataclass(slots=True)
class Retries:
    """Counts failures of partitions. Not thread-safe; times are monotonic."""

    _troubles: dict[int, _Trouble] = field(default_factory=dict)

    def failed(self, partition: int, now_s: float) -> None:
        """A takeover or a commit failed."""
        trouble = self._troubles.get(partition)
        if trouble is None or (
            trouble.owned_since_s is not None and now_s - trouble.owned_since_s > STABLE_S
        ):
            self._troubles[partition] = _Trouble(1, now_s)
            return
        pause_s = min(FIRST_PAUSE_S * GROWTH ** (trouble.failures - 1), LONGEST_PAUSE_S)
        trouble.failures, trouble.due_s, trouble.owned_since_s = trouble.failures + 1, now_s + pause_s, None

    def succeeded(self, partition: int, now_s: float) -> None:
        """A takeover succeeded."""
        if (trouble := self._troubles.get(partition)) is not None:
            trouble.owned_since_s = now_s

    def is_due(self, partition: int, now_s: float) -> bool:
        """Whether a takeover may be tried."""
        trouble = self._troubles.get(partition)
        return trouble is None or trouble.due_s <= now_s
