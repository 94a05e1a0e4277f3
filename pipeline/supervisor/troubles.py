"""Partitions in trouble: when to try again, what to wait for, and what to say about it in the log, once."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from pipeline.supervisor.blame import Services, to_blame
from pipeline.supervisor.reasons import Reasons
from pipeline.supervisor.retrying import Retries
from pipeline.supervisor.table import Ownership, Phase, Table

_log = logging.getLogger(__name__)

SETTLED_S = 2.0
"""A partition that was owned for so long has got over its trouble: commits fail sooner, if they do."""


@dataclass(slots=True)
class Troubles:
    """What went wrong with each partition and is not over. Not thread-safe; times are monotonic.

    Attributes:
        services: What may be to blame.
        waiting: The services that must come back, for people; "" if none.
    """

    services: Services
    waiting: str = ""
    _blamed: dict[int, str] = field(default_factory=dict)
    _reasons: Reasons = field(default_factory=Reasons)
    _retries: Retries = field(default_factory=Retries)

    def failed(self, partition: int, generation: int, reason: str, now_s: float) -> None:
        """A takeover or a commit failed."""
        self._retries.failed(partition, now_s)
        blamed = to_blame(reason)
        if blamed:
            self._blamed[partition] = blamed
        else:
            self._blamed.pop(partition, None)
        # What the whole run waits for is said once for all partitions.
        if self._reasons.is_new(partition, blamed or reason) and not blamed:
            _log.warning("partition %d generation %d: %s", partition, generation, reason)

    def is_due(self, partition: int, now_s: float) -> bool:
        """Whether a takeover may be tried."""
        return self._retries.is_due(partition, now_s)

    def owned(self, row: Ownership, now_s: float) -> None:
        """A takeover succeeded."""
        self._retries.succeeded(row.partition, now_s)
        if not self._reasons.has_any(row.partition):
            self._tell_owner(row)

    def round(self, table: Table, services_down: Collection[str], now_s: float) -> None:
        """Notice which troubles are over, and say for what the run waits when that has changed.

        Args:
            table: Who owns what.
            services_down: Names of services that actors can't reach, whoever owns what.
            now_s: Monotonic time.
        """
        for row in table:
            if row.phase is Phase.OWNED and now_s - row.since_s >= SETTLED_S:
                self._blamed.pop(row.partition, None)
                if self._reasons.is_over(row.partition):
                    self._tell_owner(row)
        waiting = self.services.waiting([*self._blamed.values(), *services_down])
        if waiting != self.waiting:
            _log.warning("waiting: %s", waiting) if waiting else _log.info("waiting for no service any more")
            self.waiting = waiting

    def _tell_owner(self, row: Ownership) -> None:
        _log.info(
            "partition %d generation %d: %s, read by %s",
            row.partition,
            row.generation,
            row.narrator,
            row.reader,
        )
