"""The actors of a topology as the supervisor holds them, and how they are made."""

import logging
import os
import secrets
from dataclasses import dataclass
from enum import StrEnum
from math import floor
from typing import Any

import ray
from ray.util import list_named_actors

from pipeline.config import Settings
from pipeline.encoder.actor import Encoder
from pipeline.messages.health import ActorHealth
from pipeline.narrator.actor import Narrator
from pipeline.reader.actor import Reader

_log = logging.getLogger(__name__)

READER_CONCURRENCY = 8
"""Threads of a reader: health must answer while a drain and some commands wait."""


class Kind(StrEnum):
    """What an actor does."""

    READER = "reader"
    ENCODER = "encoder"
    NARRATOR = "narrator"


@dataclass(slots=True, eq=False)
class ManagedActor:
    """One actor process.

    Attributes:
        kind: What it does.
        name: Its role, for example `narrator-0`; the process that replaces it has the same.
        process_name: Name of this very process, never used again.
        handle: Ray's handle.
        started_s: When it was created, monotonic seconds.
        restarts: Processes that had the role before it.
        failure: Why the one before it was replaced; "" for the first.
        health: Its last answer; None before the first, and when it is gone.
    """

    kind: Kind
    name: str
    process_name: str
    handle: Any
    started_s: float
    restarts: int = 0
    failure: str = ""
    health: ActorHealth | None = None

    @property
    def is_ready(self) -> bool:
        """It can work."""
        return self.health is not None and self.health.ready


class ActorFactory:
    """Creates and kills the actors of one topology.

    Args:
        settings: All settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._prefix = f"{supervisor_name(settings)}/"
        live = settings.live
        num_models = live.num_encoders + live.num_narrators
        self._num_threads = settings.model.torch_threads or max(1, (os.cpu_count() or 1) // num_models)
        num_gpus = 0.0 if settings.model.device == "cpu" else _num_gpus()
        # Hundredths, because Ray refuses finer shares; a small machine's one GPU serves all models.
        self._gpu_share = min(1.0, floor(100 * num_gpus / num_models) / 100)

    @property
    def roles(self) -> list[tuple[Kind, str]]:
        """Kind and name of every actor; those that take longest to start come first."""
        live = self._settings.live
        counts = {
            Kind.ENCODER: live.num_encoders,
            Kind.NARRATOR: live.num_narrators,
            Kind.READER: live.num_readers,
        }
        return [(kind, f"{kind}-{i}") for kind, count in counts.items() for i in range(count)]

    def create(self, kind: Kind, name: str) -> tuple[str, Any]:
        """Start an actor's process; returns its process name and its handle, at once."""
        settings = self._settings
        process_name = f"{self._prefix}{name}#{secrets.token_hex(4)}"
        options: dict[str, Any] = {"num_gpus": self._gpu_share} if self._gpu_share else {}
        options |= {"num_cpus": 0, "max_restarts": 0, "lifetime": "detached", "name": process_name}
        if kind is Kind.ENCODER:
            arguments = (settings.model, name, settings.live.encoder_batch, self._num_threads)
            return process_name, ray.remote(Encoder).options(**options).remote(*arguments)
        if kind is Kind.NARRATOR:
            return process_name, ray.remote(Narrator).options(**options).remote(
                settings, name, self._num_threads
            )
        options |= {"num_gpus": 0, "max_concurrency": READER_CONCURRENCY}
        return process_name, ray.remote(Reader).options(**options).remote(settings, name)


def kill_leftovers(settings: Settings) -> None:
    """Kill the actors of a topology whose supervisor is gone."""
    prefix, namespace = f"{supervisor_name(settings)}/", settings.ray.namespace
    for listed in list_named_actors(all_namespaces=True):
        if listed["namespace"] == namespace and listed["name"].startswith(prefix):
            _log.info("killing the leftover actor %s", listed["name"])
            try:
                kill(ray.get_actor(listed["name"], namespace=namespace))
            except ValueError:
                # It has ended meanwhile.
                continue


def supervisor_name(settings: Settings) -> str:
    """Name of the topology's supervisor; begins the names of all its actors."""
    return f"flownar/{settings.kafka.application}"


def kill(handle: Any) -> None:
    """Kill an actor's process with SIGKILL; it will not be started again by Ray."""
    ray.kill(handle, no_restart=True)


def _num_gpus() -> float:
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return resources.get("GPU", 0.0)
