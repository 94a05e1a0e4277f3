"""A state blob's value: a header that says what it is, then the content compressed by zstd. Pure functions.

| bytes | what |
|---|---|
| 4 | `FNSB` |
| 1 | version, 2 |
| 16 | hash of the model that made the state, hexadecimal, as a checkpoint record has it |
| 8 | size of the content |
| 32 | SHA-256 of the content |
"""

import hashlib
import struct

import zstandard

VERSION = 2

_HEADER = struct.Struct(">4sB16sQ32s")
_MAGIC = b"FNSB"
_LEVEL = 1
"""The states are floats, of which higher levels make little more."""


class BlobFormatError(ValueError):
    """A value is no blob, or not the one that was wanted; the text goes behind 'the state blob …'."""


def pack(data: bytes, model_hash: str) -> bytes:
    """The value for a content."""
    header = _HEADER.pack(_MAGIC, VERSION, _hash_bytes(model_hash), len(data), hashlib.sha256(data).digest())
    return header + zstandard.compress(data, level=_LEVEL)


def unpack(value: bytes, *, sha256: str, size_bytes: int) -> tuple[bytes, str]:
    """The content of a value, and the hash of the model that made it.

    Args:
        value: The value.
        sha256: SHA-256 that the content must have, hexadecimal.
        size_bytes: Size that it must have.

    Raises:
        BlobFormatError: It is not what was stored.
    """
    try:
        magic, version, model, size, digest = _HEADER.unpack_from(value)
    except struct.error as error:
        raise BlobFormatError(f"is damaged ({error})") from error
    if (magic, version) != (_MAGIC, VERSION):
        raise BlobFormatError(f"is no state blob of version {VERSION}")
    if (size, digest.hex()) != (size_bytes, sha256):
        raise BlobFormatError("is another one than was stored")
    try:
        data = zstandard.decompress(value[_HEADER.size :], max_output_size=size)
    except zstandard.ZstdError as error:
        raise BlobFormatError(f"is damaged ({error})") from error
    if hashlib.sha256(data).digest() != digest:
        raise BlobFormatError("has other content than was stored")
    return data, model.rstrip(b"\0").decode(errors="replace")


def is_made_by(model: str, model_hash: str) -> bool:
    """Whether the model that a blob names is this one."""
    return model.encode() == _hash_bytes(model_hash).rstrip(b"\0")


def _hash_bytes(model_hash: str) -> bytes:
    return model_hash.encode()[:16].ljust(16, b"\0")
