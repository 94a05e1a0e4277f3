"""Runs all checks; each has its deadline, and none stops the others."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline.config import ResolvedSettings
from pipeline.doctor.finding import Finding, problem
from pipeline.doctor.kafka_checks import check_kafka
from pipeline.doctor.machine import (
    check_disk,
    check_partitioner,
    check_programs,
    check_settings,
    check_versions,
)
from pipeline.doctor.model_checks import check_model
from pipeline.doctor.redis_checks import check_redis
from pipeline.settings.resolve import ADDRESSES_FILE, DEFAULT_ORIGIN

_ADDRESS_KEYS = ("kafka.bootstrap_servers", "redis.url")


def run_checks(resolved: ResolvedSettings) -> list[Finding]:
    """Look at everything."""
    settings = resolved.settings
    origins = (resolved.origins[key] for key in _ADDRESS_KEYS)
    local = any(origin == DEFAULT_ORIGIN or Path(origin).name == ADDRESSES_FILE for origin in origins)
    checks: tuple[Callable[[], list[Finding]], ...] = (
        lambda: check_settings(resolved),
        check_versions,
        lambda: check_programs(settings, needed=local),
        lambda: check_disk(settings),
        lambda: check_kafka(settings),
        lambda: check_redis(settings.redis),
        check_partitioner,
        lambda: check_model(settings.model),
    )
    with ThreadPoolExecutor(len(checks)) as pool:
        return [finding for found in pool.map(_guarded, checks) for finding in found]


def _guarded(check: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return check()
    except Exception as error:
        # A doctor that dies of what it looks for is of no use: the bug is told like any finding.
        return [
            problem("doctor", f"a check failed: {error!r}", "This is a bug of flownar: please report it.")
        ]
