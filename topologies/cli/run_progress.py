"""What `flownar run` shows while a topology comes up and while it runs."""

import time
from typing import TYPE_CHECKING

from topologies.cli.console import err

if TYPE_CHECKING:
    from pipeline.messages.status import RunStatus
    from topologies.live_run import LiveRun

FOLLOW_EVERY_S = 1.0

GONE_AFTER = 15
"""Questions without an answer, after which the topology counts as stopped: its supervisor may start again."""


class Progress:
    """Prints what has become ready since the last time."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def show(self, status: "RunStatus") -> None:
        """Print what is new in a status."""
        for actor in status.actors:
            if actor.ready:
                self._say(f"{actor.name} is ready (pid {actor.pid})")
            if actor.restarts and not actor.ready:
                self._say(f"{actor.name} is started again: {actor.failure}")
        owned = sum(1 for row in status.partitions if row.phase == "owned")
        if owned == len(status.partitions):
            self._say(f"{owned} partitions are owned")

    def _say(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            err.print(line, style="dim", highlight=False, markup=False)


def follow(started: "LiveRun", progress: Progress) -> bool:
    """Show what changes until Ctrl-C or SIGTERM.

    Returns:
        False if the topology was stopped meanwhile by somebody else.
    """
    from pipeline.errors import TopologyError  # noqa: PLC0415

    num_unanswered = 0
    try:
        while num_unanswered < GONE_AFTER:
            try:
                progress.show(started.status())
                num_unanswered = 0
            except TopologyError:
                num_unanswered += 1
            time.sleep(FOLLOW_EVERY_S)
        err.print("the topology was stopped", highlight=False)
        return False
    except KeyboardInterrupt:
        err.print("", highlight=False)
        return True
