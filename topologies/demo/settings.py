"""How the demo runs: in a state folder of its own, beside whatever else runs on this machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.config import Settings, load_settings
from topologies.own_services import settings_in

ActorKind = Literal["narrator", "encoder", "reader"]

MIN_MEAN_F1 = 0.75
"""Mean F1 of the cameras below which the demo fails."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the user asked for.

    Attributes:
        duration_s: Length of each camera's video.
        kill: Kind of the actor whose process is killed in the middle; None leaves all alive.
        keep: Leave everything running at the end.
        out_dir: Where the captioned videos go.
    """

    duration_s: float = 60.0
    kill: ActorKind | None = None
    keep: bool = False
    out_dir: Path = Path("out/demo")


def demo_settings() -> Settings:
    """The user's settings of model and shape, in a state folder with a Kafka, Redis and Ray of its own."""
    return settings_in("demo", load_settings().settings)
