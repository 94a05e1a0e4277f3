from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner import DefaultPartitioner

from pipeline.settings.models import REPO_ROOT
from pipeline.wire.partitioner import CONTRACT_VECTORS, murmur2, partition_of

STREAMS = st.from_regex(r"[A-Za-z0-9._:~-]{1,50}", fullmatch=True)


@pytest.mark.parametrize(
    ("stream", "hash_", "partition_of_4", "partition_of_64"),
    [
        ("dock-7", 0xF4D988BC, 0, 60),
        ("site-1/cam:3", 0xD08B9E3A, 2, 58),
        ("Kamera~02", 0x33D409CB, 3, 11),
    ],
)
def test_vectors_of_the_wire_contract(
    stream: str, hash_: int, partition_of_4: int, partition_of_64: int
) -> None:
    assert murmur2(stream.encode()) == hash_
    assert partition_of(stream, 4) == partition_of_4
    assert partition_of(stream, 64) == partition_of_64 == CONTRACT_VECTORS[stream]


@given(STREAMS, st.integers(1, 2000))
def test_partitions_are_those_of_kafka_python(stream: str, num_partitions: int) -> None:
    cluster = Mock()
    cluster.topics.return_value = {"frames"}
    cluster.partitions_for_topic.return_value = set(range(num_partitions))
    cluster.available_partitions_for_topic.return_value = set(range(num_partitions))
    key = stream.encode()
    expected = DefaultPartitioner().partition("frames", stream, key, None, None, cluster)
    assert partition_of(stream, num_partitions) == expected


def test_the_readme_has_the_vectors() -> None:
    readme = (REPO_ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"`{stream}` → {partition}" in readme for stream, partition in CONTRACT_VECTORS.items())


def test_no_partitions_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        partition_of("cam-1", 0)
