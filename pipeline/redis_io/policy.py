"""What Redis must be set to, so that an acknowledged blob stays."""

from dataclasses import dataclass

import redis

from pipeline.redis_io.client import RedisClient


@dataclass(frozen=True, slots=True)
class Demand:
    """One setting of Redis.

    Attributes:
        key: Its name.
        value: What it must be.
        otherwise: What happens if it is something else.
        is_must: Without it nothing is started.
    """

    key: str
    value: str
    otherwise: str
    is_must: bool = False


DEMANDS = (
    Demand("appendonly", "yes", "writes are lost when Redis ends"),
    Demand("appendfsync", "always", "acknowledged writes are lost when Redis is killed"),
    Demand(
        "maxmemory-policy",
        "noeviction",
        "blobs that checkpoints name are dropped when memory is full",
        is_must=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """A setting that is not as it must be.

    Attributes:
        demand: What it must be.
        found: What it is.
    """

    demand: Demand
    found: str

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"{self.demand.key} is {self.found or 'not set'}: {self.demand.otherwise}"

    @property
    def action(self) -> str:
        """What to do."""
        return f"Set it: redis-cli CONFIG SET {self.demand.key} {self.demand.value}"


def read_policy(client: RedisClient) -> dict[str, str] | None:
    """The settings that count, in a cluster those of the master that is worst; None if Redis tells nothing.

    Raises:
        RedisError, RedisClusterException: Redis does not answer.
    """
    policy: dict[str, str] = {}
    try:
        for server in client.servers():
            for demand in DEMANDS:
                found = server.config_get(demand.key)
                value = {_text(key): _text(value) for key, value in found.items()}.get(demand.key, "")
                if policy.get(demand.key, demand.value) == demand.value:
                    policy[demand.key] = value
    except redis.ResponseError:
        # Hosted servers often forbid CONFIG.
        return None
    return policy


def shortcomings(policy: dict[str, str]) -> list[Shortcoming]:
    """What is not as it must be."""
    return [
        Shortcoming(demand, policy[demand.key])
        for demand in DEMANDS
        if policy.get(demand.key, demand.value) != demand.value
    ]


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
