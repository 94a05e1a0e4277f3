"""How the chaos runs: in a state folder of its own, two of every actor, behind networks that can be cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Settings, load_settings
from pipeline.services.ports import HOST
from topologies.chaos.camera_acts import CameraRules
from topologies.chaos.checker.gaps import GapRules
from topologies.chaos.schedule import ALL_KINDS, FaultKind
from topologies.own_services import settings_in

DEFAULT_CAMERAS = 16

DEFAULT_FPS = 0.5
"""Sixteen such cameras are eight frames a second. Two idle cores narrate about twenty with the model of this
repository; a third of that goes into loading what was killed."""

NUM_PARTITIONS = 8
"""Four for each narrator, so that there is something to move."""

MAX_NARRATION_TOKENS = 160
"""What is kept of a stream's narrations is complete after two minutes: then no memory may grow any more."""

SILENT_AFTER_S = 8.0
"""Short, so that silences fit into a short run."""

TELL_WITHIN_S = 30.0
"""A topology that loses processes all the time knows of a silence only when it has recovered."""


@dataclass(frozen=True, slots=True)
class ChaosOptions:
    """What the user asked for.

    Attributes:
        minutes: How long the cameras publish and faults happen.
        seed: Of faults, cameras and what they do wrong.
        kinds: Which faults.
        num_cameras: How many cameras.
        fps: Frames per second of each.
        num_faults: How many faults; None follows from the time.
        keep_dir: Where logs and topics are kept; None keeps nothing.
    """

    minutes: float = 20.0
    seed: int = 1
    kinds: Sequence[FaultKind] = ALL_KINDS
    num_cameras: int = DEFAULT_CAMERAS
    fps: float = DEFAULT_FPS
    num_faults: int | None = None
    keep_dir: Path | None = None

    @property
    def camera_rules(self) -> CameraRules:
        """How its cameras behave."""
        return CameraRules(self.fps, SILENT_AFTER_S, TELL_WITHIN_S)


GAP_RULES = GapRules(silent_after_s=SILENT_AFTER_S, tell_within_s=TELL_WITHIN_S)


def chaos_settings() -> Settings:
    """The user's settings of model and services, in a state folder with a Kafka, Redis and Ray of its own."""
    user = load_settings().settings
    return settings_in("chaos", user, commit=user.commit)


def with_two_of_each(settings: Settings) -> Settings:
    """Settings of a topology that can lose any process; nothing is left out, so that all can be compared."""
    changed = {
        "live": {
            "num_readers": max(2, settings.live.num_readers),
            "num_encoders": max(2, settings.live.num_encoders),
            "num_narrators": max(2, settings.live.num_narrators),
            "silent_after_s": SILENT_AFTER_S,
            "shed_after_s": None,
        },
        "kafka": {"partitions": NUM_PARTITIONS},
        "narrator": {"max_narration_tokens": MAX_NARRATION_TOKENS},
        "model": {"torch_threads": settings.model.torch_threads or 1},
    }
    values = settings.model_dump()
    for section, fields in changed.items():
        values[section].update(fields)
    return Settings.model_validate(values)


def behind_proxies(settings: Settings, broker_port: int, kafka_port: int, redis_port: int) -> Settings:
    """Settings with the proxies' addresses; the broker keeps its port and tells its clients the proxy's."""
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": f"{HOST}:{kafka_port}"})
    redis = settings.redis.model_copy(update={"url": f"redis://{HOST}:{redis_port}/0"})
    services = settings.services.model_copy(
        update={"kafka_port": broker_port, "kafka_advertised": f"{HOST}:{kafka_port}"}
    )
    return settings.model_copy(update={"kafka": kafka, "redis": redis, "services": services})


def calm_settings(settings: Settings) -> Settings:
    """Settings of a second topology on the same services, with topics, application and Redis of its own.

    One of every actor is enough, and starts sooner.
    """
    names = {"prefix": f"calm.{settings.kafka.prefix}", "application": f"calm-{settings.kafka.application}"}
    kafka = settings.kafka.model_copy(update=names)
    redis = settings.redis.model_copy(update={"url": settings.redis.url.removesuffix("/0") + "/1"})
    one = {"num_readers": 1, "num_encoders": 1, "num_narrators": 1, "num_slots": 2 * settings.live.num_slots}
    live = settings.live.model_copy(update=one)
    return settings.model_copy(update={"kafka": kafka, "redis": redis, "live": live})
