"""The name of a state blob."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlobRef:
    """Where a snapshot lies, and what it must contain.

    Attributes:
        key: Key in the store; never used for another content.
        sha256: SHA-256 of the content, hexadecimal.
        size_bytes: Size of the content.
    """

    key: str
    sha256: str
    size_bytes: int
