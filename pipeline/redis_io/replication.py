"""Waiting until replicas have what was written."""

from dataclasses import dataclass

import redis

from pipeline.config import RedisSettings
from pipeline.redis_io.client import RedisClient

_WAIT_SHARE = 0.8
"""Redis waits for this share of a request's deadline, so that its answer still comes in time."""


class NotReplicatedError(redis.RedisError):
    """Too few replicas have what was written, or it is gone."""


@dataclass(frozen=True, slots=True)
class Replication:
    """How many replicas must have a value before it counts as written.

    Attributes:
        num_replicas: How many.
        wait_ms: How long Redis waits for them.
    """

    num_replicas: int
    wait_ms: int

    @staticmethod
    def of(settings: RedisSettings) -> "Replication":
        """As the settings say."""
        return Replication(settings.num_replicas, int(settings.timeout_s * 1000 * _WAIT_SHARE))

    def wait(self, client: RedisClient, key: str, num_bytes: int) -> None:
        """Wait until enough replicas have a key's value, whoever wrote it.

        Args:
            client: Where it is.
            key: The key.
            num_bytes: Length of the value.

        Raises:
            NotReplicatedError: They have not, or the value is not there.
        """
        if not self.num_replicas:
            return
        # WAIT counts from the connection's own last write, and the value may have come by another one (or
        # long ago): appending nothing is a write behind it.
        pipeline = client.server_of(key).pipeline(transaction=False)
        pipeline.append(key, b"")
        pipeline.wait(self.num_replicas, self.wait_ms)
        found_bytes, num_replicas = pipeline.execute()
        if num_replicas < self.num_replicas:
            raise NotReplicatedError(f"{num_replicas} of {self.num_replicas} replicas have what was written")
        if found_bytes != num_bytes:
            raise NotReplicatedError("what was just written is gone")
