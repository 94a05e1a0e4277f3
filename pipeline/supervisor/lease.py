"""How long an actor may be silent: a pure policy.

After the lease its partitions go to others, but its process is left alone: it may be paused, and come back.
Much later, or sooner if no other actor of its kind can do its work, it is killed and replaced.
"""

from dataclasses import dataclass

START_DEADLINE_S = 180.0
"""Time for a process to start and give its first answer, on a busy machine."""

LOADING_DEADLINE_S = 60.0
"""Time for an answer while models are loaded: imports hold Python's lock for long."""

STEP_S = 0.25
"""Listening is counted in steps of this length."""

LONGEST_STEP_S = 2 * STEP_S
"""A step that took longer counts as much as this: the supervisor was paused, and answers wait for it."""

LEASES_UNTIL_KILLED = 6.0
LEASES_UNTIL_KILLED_ALONE = 2.0


@dataclass(slots=True)
class Silence:
    """Time for which an actor has been listened to without an answer.

    Attributes:
        heard: It has answered before.
        ready: It could work when it answered last.
        lease_s: The lease.
        silent_s: How long.
    """

    heard: bool
    ready: bool
    lease_s: float
    silent_s: float = 0.0

    def listened(self, elapsed_s: float) -> None:
        """One more step without an answer."""
        self.silent_s += min(elapsed_s, LONGEST_STEP_S)

    @property
    def is_lease_over(self) -> bool:
        """Others take its partitions."""
        return self.heard and self.ready and self.silent_s >= self.lease_s

    def deadline_s(self, *, alone: bool) -> float:
        """After how long it is killed; `alone` if no other of its kind can work."""
        if not self.heard:
            return START_DEADLINE_S
        if not self.ready:
            return LOADING_DEADLINE_S
        return self.lease_s * (LEASES_UNTIL_KILLED_ALONE if alone else LEASES_UNTIL_KILLED)
