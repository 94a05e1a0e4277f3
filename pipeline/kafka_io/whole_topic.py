"""Reading all that a topic holds, partition beside partition."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.errors import BrokerError
from pipeline.kafka_io.consumer import PartitionConsumer
from pipeline.kafka_io.records import Record

_POLL_S = 0.5


def read_topic(
    connection: Mapping[str, Any], topic: str, num_partitions: int, *, client_id: str, deadline: float
) -> Iterator[Record]:
    """All committed records up to the end as of now, in order within each partition.

    Args:
        connection: Keyword arguments of every client (`pipeline.kafka_io.clients`).
        topic: Name of the topic.
        num_partitions: Its partitions.
        client_id: Name in the broker's logs.
        deadline: Until when, by `time.monotonic()`.

    Raises:
        BrokerError: Not done in time.
    """
    if not num_partitions:
        return
    with PartitionConsumer(connection, client_id=client_id, read_committed=True) as consumer:
        bounds = consumer.all_bounds(topic, range(num_partitions))
        left = {partition: b.end for partition, b in bounds.items() if b.beginning < b.end}
        for partition in left:
            consumer.assign(topic, partition, bounds[partition].beginning)
        while left:
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"{topic}: {len(left)} of {num_partitions} partitions were not read in time.",
                    action="Check that the broker runs: `flownar doctor`.",
                )
            yield from (
                record for record in consumer.poll(_POLL_S) if record.offset < bounds[record.partition].end
            )
            left = {p: end for p, end in left.items() if consumer.position(topic, p) < end}
