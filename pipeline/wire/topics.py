"""The topics: their names, partitions and settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.config import FrameSettings, KafkaSettings

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS

MAX_NARRATION_BYTES = 1024 * 1024
"""Size of one record of narrations and of checkpoints."""

DEAD_LETTER_EXTRA_BYTES = 64 * 1024
"""What a dead letter may add to the original record: its `error-*` headers."""


@dataclass(frozen=True, slots=True)
class TopicNames:
    """Full names of the topics, `{prefix}name`."""

    frames: str
    narrations: str
    checkpoints: str
    dlq: str
    cameras: str

    @classmethod
    def of(cls, prefix: str) -> "TopicNames":
        """Names with a prefix (setting `kafka.prefix`)."""
        return cls(*(f"{prefix}{name}" for name in cls.__slots__))


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """What a topic must be.

    Attributes:
        name: Full name.
        num_partitions: Partitions.
        configs: Topic settings by Kafka's names; what is not named is the broker's default.
        max_record_bytes: Size of one record (`max.message.bytes`), also checked before sending.
    """

    name: str
    num_partitions: int
    configs: Mapping[str, str]
    max_record_bytes: int


def topic_specs(kafka: KafkaSettings, frames: FrameSettings) -> tuple[TopicSpec, ...]:
    """All topics as the wire contract wants them."""
    names = TopicNames.of(kafka.prefix)
    dead_letter_bytes = frames.max_record_bytes + DEAD_LETTER_EXTRA_BYTES
    compacted = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1"}
    compacted["segment.ms"] = str(10 * _MINUTE_MS)
    return (
        _spec(
            names.frames,
            kafka.partitions,
            frames.max_record_bytes,
            # Publishers' clocks may be wrong: records stamped in the past would be deleted early, those
            # stamped hours ahead refused. So the broker stamps them.
            {"message.timestamp.type": "LogAppendTime", "compression.type": "uncompressed"}
            | {"retention.ms": str(_HOUR_MS), "segment.ms": str(10 * _MINUTE_MS)},
        ),
        _spec(
            names.narrations,
            kafka.partitions,
            MAX_NARRATION_BYTES,
            {"retention.ms": str(30 * _DAY_MS), "compression.type": "zstd"},
        ),
        _spec(names.checkpoints, kafka.partitions, MAX_NARRATION_BYTES, compacted),
        _spec(names.dlq, kafka.partitions, dead_letter_bytes, {"retention.ms": str(3 * _DAY_MS)}),
        _spec(names.cameras, 1, MAX_NARRATION_BYTES, compacted),
    )


def _spec(name: str, num_partitions: int, max_record_bytes: int, configs: Mapping[str, str]) -> TopicSpec:
    configs = {"cleanup.policy": "delete", **configs, "max.message.bytes": str(max_record_bytes)}
    return TopicSpec(name, num_partitions, configs, max_record_bytes)
