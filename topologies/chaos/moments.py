"""How the chaos goes, for whoever watches: asked in a thread of its own, as a supervisor may be dead."""

from collections.abc import Sequence
from dataclasses import dataclass

from topologies.chaos.background import BackgroundWork
from topologies.chaos.cameras import ChaosCamera
from topologies.chaos.follow import SeenNarrations
from topologies.chaos.system import ChaosSystem

EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Moment:
    """What can be seen at one moment.

    Attributes:
        elapsed_s: Time of the schedule.
        faults: Faults done.
        faults_left: Faults to be done.
        narrations: Narrations so far.
        per_minute: Narrations of the last minute.
        waiting: Records that were published and are not committed yet; None if that is not known now.
        missing: Processes that are not ready now, the supervisor included.
    """

    elapsed_s: float
    faults: int
    faults_left: int
    narrations: int
    per_minute: int
    waiting: int | None
    missing: tuple[str, ...]


class Lookout(BackgroundWork):
    """Asks the topology again and again how it is.

    Args:
        system: Whom to ask.
        cameras: What is published.
        seen: What was narrated.
    """

    def __init__(self, system: ChaosSystem, cameras: Sequence[ChaosCamera], seen: SeenNarrations) -> None:
        super().__init__("lookout")
        self._system = system
        self._cameras = cameras
        self._seen = seen
        self._waiting: int | None = None
        self._missing: tuple[str, ...] = ()

    def moment(self, elapsed_s: float, faults: int, faults_left: int) -> Moment:
        """What is known now."""
        return Moment(
            elapsed_s=elapsed_s,
            faults=faults,
            faults_left=faults_left,
            narrations=self._seen.total,
            per_minute=self._seen.per_minute(),
            waiting=self._waiting,
            missing=self._missing,
        )

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            status = self._system.status()
            if status is None:
                self._waiting, self._missing = None, ("supervisor",)
                continue
            positions = [row.committed_position for row in status.partitions]
            sent = sum(camera.num_records for camera in self._cameras)
            self._waiting = sent - sum(positions) if min(positions) >= 0 else None
            self._missing = tuple(actor.name for actor in status.actors if not actor.ready)
