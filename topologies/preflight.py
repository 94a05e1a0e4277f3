"""What must be there before a topology starts."""

import logging
import time
from collections import Counter

from operators.checkpoints.folder import model_hash, read_config
from pipeline.commit.other_models import others_states, refuse_others_states
from pipeline.config import KafkaSettings, RedisSettings, Settings
from pipeline.errors import StateStoreError, TopicError
from pipeline.kafka_io.admin import KafkaAdmin
from pipeline.kafka_io.topic_check import check_topics
from pipeline.redis_io.client import REDIS_ERRORS, RedisClient, reason_of
from pipeline.redis_io.policy import read_policy, shortcomings
from pipeline.status.checkpoints import read_checkpoints
from pipeline.wire.topics import topic_specs

_log = logging.getLogger(__name__)

CHECKPOINTS_DEADLINE_S = 60.0
"""For reading all checkpoints: as long as a takeover may read those of one partition."""


def check_services(settings: Settings) -> tuple[str, ...]:
    """Say now what would stop every actor later: no broker, no topics, no model, no Redis that keeps blobs.

    Returns:
        Warnings: it works, and may not stay so.

    Raises:
        CheckpointError: The model folder is not there.
        ConfigError: The URL of Redis is wrong.
        BrokerError: Kafka does not answer.
        TopicError: A topic is missing, or has other partitions.
        StateStoreError: Redis does not answer, or drops blobs when it is full.
        OtherModelError: The state of streams was made by another model, and its loss is not accepted.
    """
    read_config(settings.model.path)
    warnings = _check_redis(settings.redis)
    specs = topic_specs(settings.kafka, settings.frames)
    with KafkaAdmin(settings.kafka) as admin:
        states = admin.describe_topics([spec.name for spec in specs])
    for difference in check_topics(specs, states):
        if difference.setting in ("topic", "partitions"):
            raise TopicError(f"The topic {difference.topic} {difference.what}.", action=difference.action)
    if not settings.commit.accept_state_loss:
        _check_model(settings.kafka, model_hash(settings.model.path))
    return warnings


def _check_redis(settings: RedisSettings) -> tuple[str, ...]:
    client = RedisClient(settings)
    try:
        policy = read_policy(client)
    except REDIS_ERRORS as error:
        raise StateStoreError(
            f"Redis at {client.where} does not answer: {reason_of(error)}.",
            action="Start one with `flownar up`, or set redis.url.",
        ) from error
    finally:
        client.close()
    if policy is None:
        _log.info("Redis at %s does not tell its settings (CONFIG is forbidden)", client.where)
        return ()
    warnings = []
    for short in shortcomings(policy):
        message = f"Redis at {client.where}: {short.message}."
        if short.demand.is_must:
            raise StateStoreError(message, action=short.action)
        warnings.append(f"{message} {short.action}")
    return tuple(warnings)


def _check_model(kafka: KafkaSettings, ours: str) -> None:
    deadline = time.monotonic() + CHECKPOINTS_DEADLINE_S
    logs = read_checkpoints(kafka, kafka.partitions, client_id="flownar-preflight", deadline=deadline)
    found: Counter[str] = Counter()
    for log in logs.values():
        found += others_states(log.streams.values(), ours)
    refuse_others_states(found, ours)
