"""Redis: reachable, keeps what it acknowledged, clock."""

import time

from pipeline.config import RedisSettings
from pipeline.doctor.finding import Finding, ok, problem, warning
from pipeline.errors import ConfigError, StateStoreError
from pipeline.redis_io.policy import DEMANDS, shortcomings
from pipeline.status.redis_view import read_redis_view

CLOCK_TOLERANCE_S = 5.0


def check_redis(settings: RedisSettings) -> list[Finding]:
    """All checks that need Redis."""
    try:
        view = read_redis_view(settings)
    except (ConfigError, StateStoreError) as error:
        return [problem("redis", error.message, error.action)]
    findings = [ok("redis", f"{view.url} answers, version {view.version}, {view.keys} keys")]
    if not view.policy:
        message = "it does not tell its policy (CONFIG is forbidden)"
        wanted = ", ".join(f"{demand.key} {demand.value}" for demand in DEMANDS)
        findings.append(warning("redis", message, f"Make sure that it has: {wanted}."))
    for short in shortcomings(view.policy):
        report = problem if short.demand.is_must else warning
        findings.append(report("redis", short.message, short.action))
    skew_s = view.time_s - time.time()
    if abs(skew_s) > CLOCK_TOLERANCE_S:
        message = f"Redis' clock differs from this machine's by {skew_s:+.0f} s"
        findings.append(warning("clocks", message, "Set both clocks by NTP."))
    return findings
