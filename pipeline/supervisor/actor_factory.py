"""How the actors of a topology are made, found again, and killed."""

import logging
import os
from functools import cache
from math import floor
from typing import Any

import ray
from ray.util import list_named_actors

from pipeline.config import Settings
from pipeline.encoder.actor import Encoder
from pipeline.messages.status import RunIdentity
from pipeline.narrator.actor import Narrator
from pipeline.reader.actor import Reader
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.managed_actor import HEALTH
from pipeline.supervisor.process_name import ProcessName, all_runs, choose, run_of

_log = logging.getLogger(__name__)

READER_CONCURRENCY = 8
"""Threads of a reader: some commands wait while others are carried out."""


class ActorFactory:
    """Creates and finds the actors of one run.

    Args:
        settings: All settings.
        identity: What the run was started from.
    """

    def __init__(self, settings: Settings, identity: RunIdentity) -> None:
        self._settings = settings
        self._run = run_of(settings, identity)
        live = settings.live
        num_models = live.num_encoders + live.num_narrators
        self._num_threads = settings.model.torch_threads or max(1, (os.cpu_count() or 1) // num_models)
        num_gpus = 0.0 if settings.model.device == "cpu" else _num_gpus()
        # Hundredths, because Ray refuses finer shares; a small machine's one GPU serves all models.
        self._gpu_share = min(1.0, floor(100 * num_gpus / num_models) / 100)

    @property
    def roles(self) -> list[str]:
        """Name of every actor; those that take longest to start come first."""
        live = self._settings.live
        counts = {
            Kind.ENCODER: live.num_encoders,
            Kind.NARRATOR: live.num_narrators,
            Kind.READER: live.num_readers,
        }
        return [f"{kind}-{i}" for kind, count in counts.items() for i in range(count)]

    def find(self) -> dict[str, tuple[ProcessName, Any]]:
        """The processes of this run that a former supervisor left, by role, with their handles.

        All others of the application are killed: those of another build, and those that have been replaced.
        """
        listed = _list(self._settings)
        ours = [name for name in (ProcessName.parse(self._run, text) for text in listed) if name is not None]
        chosen = {role: (name, listed[str(name)]) for role, name in choose(ours, set(self.roles)).items()}
        kept = {str(name) for name, _ in chosen.values()}
        _kill_all({name: handle for name, handle in listed.items() if name not in kept})
        return chosen

    def create(self, role: str, restarts: int, *, polite: bool) -> tuple[ProcessName, Any]:
        """Start an actor's process; returns its name and its handle, at once.

        Args:
            role: For example `narrator-0`.
            restarts: Processes that had the role before it.
            polite: Its model is loaded at low priority, because others do its work meanwhile.
        """
        settings = self._settings
        process = ProcessName.new(self._run, role, restarts)
        options: dict[str, Any] = {"num_gpus": self._gpu_share} if self._gpu_share else {}
        options |= {"num_cpus": 0, "max_restarts": 0, "lifetime": "detached", "name": str(process)}
        if process.kind is Kind.ENCODER:
            arguments = (settings.model, role, settings.live.encoder_batch, self._num_threads, polite)
            return process, _actor_class(Encoder).options(**options).remote(*arguments)
        if process.kind is Kind.NARRATOR:
            narrator_class = _actor_class(Narrator).options(**options)
            return process, narrator_class.remote(settings, role, self._num_threads, polite)
        options |= {"num_gpus": 0, "max_concurrency": READER_CONCURRENCY}
        return process, _actor_class(Reader).options(**options).remote(settings, role)


def kill_leftovers(settings: Settings) -> None:
    """Kill all actors of the application but its supervisor."""
    _kill_all(_list(settings))


def kill(handle: Any) -> None:
    """Kill an actor's process; it will not be started again by Ray, and answers no calls from now on.

    The process ends by SIGKILL, if it is paused within about 5 s.
    """
    ray.kill(handle, no_restart=True)


@cache
def _actor_class(python_class: type) -> Any:
    # Any: Ray's own annotation does not know the argument.
    remote: Any = ray.remote
    return remote(concurrency_groups={HEALTH: 1})(python_class)


def _list(settings: Settings) -> dict[str, Any]:
    """All actors of the application but its supervisor: handles by name."""
    prefix, namespace = all_runs(settings), settings.ray.namespace
    handles = {}
    for listed in list_named_actors(all_namespaces=True):
        if listed["namespace"] == namespace and listed["name"].startswith(prefix):
            try:
                handles[listed["name"]] = ray.get_actor(listed["name"], namespace=namespace)
            except ValueError:
                # It has ended meanwhile.
                continue
    return handles


def _kill_all(handles: dict[str, Any]) -> None:
    for name, handle in handles.items():
        _log.info("killing the leftover actor %s", name)
        kill(handle)


def _num_gpus() -> float:
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return resources.get("GPU", 0.0)
