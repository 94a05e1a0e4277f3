"""How one camera is narrated: a document of the topic `cameras`, and all of them together."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_CAMERA = "*"
"""Key of the document for cameras that have none of their own."""

MAX_PRIORITY = 9
"""Highest priority: the last to lose frames in an overload."""


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """A whole document; None takes the topology's setting.

    Attributes:
        enabled: Frames are narrated; else they are left out, and that is told.
        priority: 0 to 9; in an overload, cameras of lower priority lose frames first.
        fps: Frames per second that are narrated; more are left out evenly.
        prompt: The user's instruction.
        theta: Threshold of p(skip) when the segment is longer than average.
        theta_low: Threshold of p(skip) before that.
        retain_narrations: Narrations that stay in the context.
        silent_after_s: Seconds without a record after which the camera counts as silent.
    """

    enabled: bool = True
    priority: int = 5
    fps: float | None = None
    prompt: str | None = None
    theta: float | None = None
    theta_low: float | None = None
    retain_narrations: int | None = None
    silent_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class CameraBook:
    """The documents of all cameras.

    Attributes:
        version: Offset behind the last record of the topic that is in here: a later book has a higher one.
        default: For cameras without a document.
        cameras: By stream id.
    """

    version: int = 0
    default: CameraSettings = CameraSettings()
    cameras: Mapping[str, CameraSettings] = field(default_factory=dict)

    def of(self, stream: str) -> CameraSettings:
        """Settings of a stream."""
        return self.cameras.get(stream, self.default)
