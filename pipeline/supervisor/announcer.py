"""Tells actors what they must know of others and of the cameras, when it changes and when they are new."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ray.exceptions import RayError

from pipeline.messages.camera import CameraBook
from pipeline.messages.dead_letter import DeadLetter
from pipeline.supervisor.actor_keeper import ActorKeeper
from pipeline.supervisor.background import Background
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.managed_actor import ManagedActor

_log = logging.getLogger(__name__)

REFUSE_DEADLINE_S = 10.0
"""Time for a narrator to take refused documents over."""

FIRST_BOOK_DEADLINE_S = 10.0
"""A topic `cameras` that can't be read must not keep partitions from being owned for longer."""


class Cameras(Protocol):
    """What is known of the cameras; see CameraFeed."""

    book: CameraBook | None
    refused: tuple[DeadLetter, ...]


@dataclass(slots=True)
class _Told:
    encoders: frozenset[str] = frozenset()
    book_version: int = -1


@dataclass(slots=True)
class _Refused:
    narrator: str = ""
    generation: int = -1
    letters: tuple[DeadLetter, ...] = ()
    in_flight: bool = field(default=False, compare=False)


class Announcer:
    """Remembers what each process was told.

    Args:
        actors: All actors.
        cameras: What is known of the cameras.
        background: Where calls go on whose answers matter.
    """

    def __init__(self, actors: ActorKeeper, cameras: Cameras, background: Background) -> None:
        self._actors = actors
        self._cameras = cameras
        self._background = background
        self._began_s = time.monotonic()
        self._told: dict[str, _Told] = {}
        self._refused = _Refused()

    @property
    def may_assign(self) -> bool:
        """Whoever gets a partition now knows, or will hear first, how its cameras are to be narrated."""
        return self._cameras.book is not None or time.monotonic() - self._began_s > FIRST_BOOK_DEADLINE_S

    def round(self) -> None:
        """Tell readers which encoders can work, and readers and narrators how cameras are to be narrated."""
        encoders = {str(a.process): a.handle for a in self._actors.of(Kind.ENCODER) if a.is_usable}
        told: dict[str, _Told] = {}
        for actor in self._actors.of(Kind.READER) + self._actors.of(Kind.NARRATOR):
            name = str(actor.process)
            told[name] = self._told.get(name, _Told())
            # If a call fails, so does the actor's health.
            if actor.health is not None and not actor.silent:
                self._tell_cameras(actor, told[name])
                self._tell_encoders(actor, told[name], encoders)
        self._told = told

    def refuse_documents(self, narrator: str, generation: int) -> None:
        """Give the documents that can't be used to the owner of partition 0, which puts them into the dlq.

        They are given to every new owner again, because the last one may have died with them; what is in the
        dlq already is known there.

        Args:
            narrator: Name of the owner.
            generation: Generation of its ownership.
        """
        letters, actor = self._cameras.refused, self._actors.get(narrator)
        wanted = _Refused(narrator, generation, letters)
        if letters and actor is not None and self._refused != wanted and not self._refused.in_flight:
            self._refused.in_flight = True
            self._background.start(self._refuse(actor, wanted))

    def _tell_encoders(self, actor: ManagedActor, told: _Told, encoders: Mapping[str, Any]) -> None:
        if actor.kind is Kind.READER and actor.is_ready and told.encoders != encoders.keys():
            told.encoders = frozenset(encoders)
            actor.handle.set_encoders.remote(encoders)

    def _tell_cameras(self, actor: ManagedActor, told: _Told) -> None:
        book = self._cameras.book
        if book is not None and told.book_version != book.version:
            told.book_version = book.version
            actor.handle.set_cameras.remote(book)

    async def _refuse(self, actor: ManagedActor, wanted: _Refused) -> None:
        try:
            call = actor.handle.refuse_cameras.remote(wanted.letters)
            if await asyncio.wait_for(call, REFUSE_DEADLINE_S):
                self._refused = wanted
        except (RayError, TimeoutError) as error:
            _log.info("%s did not take refused camera settings: %s", actor.name, error)
        finally:
            self._refused.in_flight = False
