"""What actors do."""

from enum import StrEnum


class Kind(StrEnum):
    """What an actor does."""

    READER = "reader"
    ENCODER = "encoder"
    NARRATOR = "narrator"
