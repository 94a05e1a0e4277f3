"""A procedural video world: a bench under a camera, hands that act, and the truth of what they do."""

from operators.datasets.world.labels import LABEL_SIZES, MEMORY_LABEL_SIZES
from operators.datasets.world.truth import (
    TEST_SEEDS,
    TRAIN_SEEDS,
    VALIDATION_SEEDS,
    WorldError,
    WorldNarration,
    WorldTruth,
    read_sidecar,
    write_sidecar,
)
from operators.datasets.world.video import WorldVideo, generate
from operators.datasets.world.vocabulary import all_texts

__all__ = [
    "LABEL_SIZES",
    "MEMORY_LABEL_SIZES",
    "TEST_SEEDS",
    "TRAIN_SEEDS",
    "VALIDATION_SEEDS",
    "WorldError",
    "WorldNarration",
    "WorldTruth",
    "WorldVideo",
    "all_texts",
    "generate",
    "read_sidecar",
    "write_sidecar",
]
