"""Which partition a stream belongs to: murmur2, as Kafka's Java clients and kafka-python compute it."""

from functools import lru_cache

CONTRACT_VECTORS = {"dock-7": 60, "site-1/cam:3": 58, "Kamera~02": 11}
"""Streams and their partitions of 64, for whoever writes a publisher: also in the README."""

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995
_SEED = 0x9747B28C


def murmur2(data: bytes) -> int:
    """32-bit murmur2 with the seed of Kafka's clients, as an unsigned integer."""
    length = len(data)
    h = (_SEED ^ length) & _MASK
    end = length - length % 4
    for start in range(0, end, 4):
        k = int.from_bytes(data[start : start + 4], "little") * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = h * _M & _MASK ^ k
    if end < length:
        h = (h ^ int.from_bytes(data[end:], "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


@lru_cache(maxsize=1 << 16)
def partition_of(stream: str, num_partitions: int) -> int:
    """Partition of a stream: (murmur2(stream as UTF-8) & 0x7fffffff) mod num_partitions."""
    if num_partitions < 1:
        raise ValueError(f"num_partitions must be at least 1, it is {num_partitions}")
    return (murmur2(stream.encode()) & 0x7FFFFFFF) % num_partitions
