"""Redis: reachable, keeps what it acknowledged, clock."""

import time

from pipeline.config import RedisSettings
from pipeline.doctor.finding import Finding, ok, problem, warning
from pipeline.errors import StateStoreError
from pipeline.status.redis_view import read_redis_view

POLICY = {
    "appendonly": ("yes", "writes are lost when Redis ends"),
    "appendfsync": ("always", "acknowledged writes are lost when Redis is killed"),
    "maxmemory-policy": ("noeviction", "blobs that checkpoints name are dropped when memory is full"),
}
"""What each setting must be, and what happens otherwise."""

CLOCK_TOLERANCE_S = 5.0


def check_redis(settings: RedisSettings) -> list[Finding]:
    """All checks that need Redis."""
    try:
        view = read_redis_view(settings)
    except StateStoreError as error:
        return [problem("redis", error.message, error.action)]
    findings = [ok("redis", f"{view.url} answers, version {view.version}, {view.keys} keys")]
    if not view.policy:
        message = "it does not tell its policy (CONFIG is forbidden)"
        wanted = ", ".join(f"{key} {value}" for key, (value, _) in POLICY.items())
        findings.append(warning("redis", message, f"Make sure that it has: {wanted}."))
    for key, value in view.policy.items():
        wanted, otherwise = POLICY[key]
        if value != wanted:
            message = f"{key} is {value or 'not set'}: {otherwise}"
            findings.append(warning("redis", message, f"Set it: redis-cli CONFIG SET {key} {wanted}"))
    skew_s = view.time_s - time.time()
    if abs(skew_s) > CLOCK_TOLERANCE_S:
        message = f"Redis' clock differs from this machine's by {skew_s:+.0f} s"
        findings.append(warning("clocks", message, "Set both clocks by NTP."))
    return findings
