"""Which Kafka, Redis and Ray: addresses and how to authenticate."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from pipeline.settings.section import LocalPath, Section


class KafkaSettings(Section):
    """Which Kafka, and whose topics on it."""

    bootstrap_servers: str = "127.0.0.1:9092"
    """Brokers, comma-separated host:port."""
    prefix: str = Field(default="flownar.", pattern=r"^[A-Za-z0-9._-]{0,60}$")
    """Begins every topic's name, group and transactional id."""
    application: str = Field(default="live", pattern=r"^[A-Za-z0-9._-]{1,60}$")
    """Id of the application that reads the frames; part of narrations' `ce_source`."""
    partitions: int = Field(default=4, ge=1, le=10_000)
    """Partitions of frames, narrations, checkpoints and dlq; never changes for existing topics."""
    replication_factor: int = Field(default=-1, ge=-1)
    """Replicas of created topics; -1 takes the broker's default."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How clients talk to the brokers."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    """How clients authenticate with SASL."""
    sasl_username: str | None = None
    """User for SASL."""
    sasl_password: SecretStr | None = None
    """Password for SASL."""
    ssl_cafile: LocalPath | None = None
    """Certificates that the brokers are checked against; None takes the system's."""
    ssl_certfile: LocalPath | None = None
    """The client's certificate."""
    ssl_keyfile: LocalPath | None = None
    """The client's private key."""
    ssl_password: SecretStr | None = None
    """Password of the private key."""

    @property
    def namespace(self) -> str:
        """Begins the names of what belongs to the application alone: groups, transactions, keys in Redis."""
        return f"{self.prefix}{self.application}"

    @model_validator(mode="after")
    def _sasl_is_complete(self) -> Self:
        if self.security_protocol.startswith("SASL") and not (
            self.sasl_mechanism and self.sasl_username and self.sasl_password
        ):
            raise ValueError("security_protocol SASL_* needs sasl_mechanism, sasl_username and sasl_password")
        return self


class RedisSettings(Section):
    """Which Redis holds the state blobs."""

    url: str = Field(default="redis://127.0.0.1:6379/0", pattern=r"^(rediss?(\+(sentinel|cluster))?|unix)://")
    """redis://, rediss://, unix://, redis+sentinel:// or redis+cluster:// URL."""
    password: SecretStr | None = None
    """Password, so that the URL needs none."""
    sentinel_password: SecretStr | None = None
    """Password of the Sentinels, if they have one."""
    timeout_s: float = Field(default=5.0, gt=0)
    """Deadline of one request."""
    num_replicas: int = Field(default=0, ge=0)
    """Replicas that must have a blob before it counts as stored."""


class RaySettings(Section):
    """Which Ray runs the actors."""

    address: str | None = None
    """Address of a running cluster; None starts a local one."""
    namespace: str = Field(default="flownar", min_length=1)
    """Ray namespace of the named actors."""
