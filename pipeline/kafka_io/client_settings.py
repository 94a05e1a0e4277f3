"""Settings of all Kafka clients that are facts about kafka-python and not choices of an operator."""

from typing import Any, Final

API_VERSION: Final = (2, 4)
"""Pinned for producers: from (2, 5) on, kafka-python bumps its epoch on its own after some errors, and a
commit after that reports success although the transaction was lost."""

PRODUCER_SETTINGS: Final[dict[str, Any]] = {
    "api_version": API_VERSION,
    "delivery_timeout_ms": 20_000,
    "request_timeout_ms": 6_000,
    "max_block_ms": 10_000,
    "retry_backoff_ms": 20,
    "reconnect_backoff_max_ms": 500,
    "allow_auto_create_topics": False,
}
"""Deadlines of one send: an attempt may take 6 s, all attempts 20 s, and metadata 10 s.

A connection that a network has silently forgotten shows only in that an attempt is not answered.
"""

CONSUMER_SETTINGS: Final[dict[str, Any]] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "none",
    "request_timeout_ms": 6_000,
    "reconnect_backoff_max_ms": 500,
    "allow_auto_create_topics": False,
    "bootstrap_timeout_ms": 10_000,
}
"""'none': a position outside of the log is an error that somebody handles, never a silent jump."""
