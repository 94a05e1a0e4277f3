"""A video of the world: its truth, its labels, and its pictures at any time and size."""

from operators.datasets.world.camera import Camera
from operators.datasets.world.labels import memory_labels, picture_labels
from operators.datasets.world.scene import SceneDrawer
from operators.datasets.world.script import write_script
from operators.datasets.world.sprites import Image
from operators.datasets.world.truth import WorldNarration, WorldTruth, check_duration, check_seed
from operators.datasets.world.vocabulary import opening_sentence


class WorldVideo:
    """One procedural video; everything in it follows from seed and duration.

    Attributes:
        seed: Seed of the video.
        duration_s: Its length, seconds.
        opening: Sentence that describes the bench at time 0.
        narrations: All activities of the narrated hand, in order, not overlapping.
    """

    def __init__(self, seed: int, duration_s: float) -> None:
        check_seed(seed)
        check_duration(duration_s)
        self.seed = seed
        self.duration_s = duration_s
        self._stage, self.narrations = write_script(seed, duration_s)
        self.opening = opening_sentence(self._stage.kinds)
        self._camera = Camera(seed)
        self._drawers: dict[int, SceneDrawer] = {}

    @property
    def truth(self) -> WorldTruth:
        """What the sidecar file says."""
        return WorldTruth(self.seed, self.duration_s, self.opening, self.narrations)

    def frame(self, time_s: float, size: int = 384) -> Image:
        """Picture at a moment: RGB uint8 [size, size, 3], the same whenever it is asked for."""
        drawer = self._drawers.get(size)
        if drawer is None:
            drawer = self._drawers[size] = SceneDrawer(self.seed, self._stage, size)
        return self._camera.take(drawer.draw(time_s), time_s, size)

    def labels(self, time_s: float) -> dict[str, int]:
        """What the picture at a moment shows; keys and sizes in LABEL_SIZES, -1 where not defined."""
        return picture_labels(self._stage, time_s)

    def memory_labels(self, time_s: float) -> dict[str, int]:
        """What a perfect memory knows at a moment; keys and sizes in MEMORY_LABEL_SIZES, -1: not defined."""
        return memory_labels(self._stage, time_s)


def generate(seed: int, duration_s: float) -> WorldVideo:
    """Make the video of a seed.

    Raises:
        WorldError: The seed is kept back or the duration is not between 30 s and 2 h.
    """
    return WorldVideo(seed, float(duration_s))


__all__ = ["WorldNarration", "WorldVideo", "generate"]
