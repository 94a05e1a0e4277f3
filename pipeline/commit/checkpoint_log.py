"""What a partition of the topic `checkpoints` says, read from its beginning to its end."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.commit.checkpoint_json import decode_owner, decode_partition, decode_stream
from pipeline.commit.checkpoint_record import (
    OwnerRecord,
    PartitionCheckpoint,
    StreamCheckpoint,
    owner_key,
    partition_key,
)
from pipeline.errors import CheckpointRecordError, HigherGenerationError
from pipeline.kafka_io.records import Record

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class CheckpointLog:
    """Mutable: `extend` takes in more records, of which the last one of each key counts.

    Attributes:
        partition: Partition number.
        position: The partition's record, or None before its first commit.
        owner: The last owner, or None before the first takeover.
        streams: The streams' records.
    """

    partition: int
    position: PartitionCheckpoint | None = None
    owner: OwnerRecord | None = None
    streams: dict[str, StreamCheckpoint] = field(default_factory=dict)

    def extend(self, records: Iterable[Record]) -> None:
        """Take in records, in the order of the log.

        Raises:
            CheckpointRecordError: One of them can't be understood.
        """
        for record in records:
            try:
                self._take(record)
            except CheckpointRecordError as error:
                where = f"{record.topic} [{record.partition}] offset {record.offset}"
                raise CheckpointRecordError(f"{where}: {error.message}", action=error.action) from error

    def refuse_if_above(self, generation: int) -> None:
        """Raise HigherGenerationError if a higher generation took the partition over."""
        if self.owner is not None and self.owner.generation > generation:
            raise HigherGenerationError(
                f"Partition {self.partition} belongs to generation {self.owner.generation} "
                f"(narrator {self.owner.narrator}), and this is generation {generation}.",
                found=self.owner.generation,
                action="Ask the supervisor: it assigns partitions with generations that only grow.",
            )

    def _take(self, record: Record) -> None:
        key = (record.key or b"").decode(errors="replace")
        if not key.startswith("@"):
            if record.value is None:
                self.streams.pop(key, None)
            else:
                self.streams[key] = decode_stream(record.value)
        elif record.value is not None and key == partition_key(self.partition):
            self.position = decode_partition(record.value)
        elif record.value is not None and key == owner_key(self.partition):
            self.owner = decode_owner(record.value)
        else:
            _log.debug("%s [%d]: the key %s is not read here", record.topic, record.partition, key)
