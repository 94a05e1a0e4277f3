"""A partition on a real Kafka and Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pipeline.config import Settings
from tests.support.owned_partition import OwnedPartition


@pytest.fixture
def partition(new_settings: Callable[..., Settings]) -> Iterator[OwnedPartition]:
    partition = OwnedPartition(new_settings(partitions=2))
    yield partition
    partition.close()
