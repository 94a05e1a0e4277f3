"""Tells actors what they must know of others, when it changes and when they are new."""

from typing import Any

from pipeline.supervisor.actor_keeper import ActorKeeper
from pipeline.supervisor.kinds import Kind


class Announcer:
    """Remembers what each process was told.

    Args:
        actors: All actors.
    """

    def __init__(self, actors: ActorKeeper) -> None:
        self._actors = actors
        self._encoders_told: dict[str, frozenset[str]] = {}

    def round(self) -> None:
        """Tell every reader which encoders can work."""
        encoders: dict[str, Any] = {
            str(a.process): a.handle for a in self._actors.of(Kind.ENCODER) if a.is_usable
        }
        told: dict[str, frozenset[str]] = {}
        for reader in self._actors.of(Kind.READER):
            name = str(reader.process)
            before = self._encoders_told.get(name, frozenset())
            told[name] = before
            if reader.is_usable and before != encoders.keys():
                told[name] = frozenset(encoders)
                # If the call fails, so does the reader's health.
                reader.handle.set_encoders.remote(encoders)
        self._encoders_told = told
