"""Reading of `--from`: beginning, now, an age, or a time."""

import re

from pipeline.errors import ConfigError, WireError
from pipeline.watch.events import BEGINNING, NOW, StartAt
from pipeline.wire.times import NS_PER_S, parse_time

_AGE = re.compile(r"-(\d+(?:\.\d+)?)([smhd])")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NS_PER_MS = 1_000_000


def parse_start(text: str, now_ns: int) -> StartAt:
    """Read where to begin.

    Args:
        text: `beginning`, `now`, `-10m`, or an RFC 3339 time.
        now_ns: The present, Unix nanoseconds.

    Raises:
        ConfigError: It is none of these.
    """
    if text == "beginning":
        return BEGINNING
    if text == "now":
        return NOW
    if age := _AGE.fullmatch(text):
        age_ns = round(float(age[1]) * _UNIT_S[age[2]] * NS_PER_S)
        return StartAt(max(0, (now_ns - age_ns) // _NS_PER_MS))
    try:
        return StartAt(max(0, parse_time(text) // _NS_PER_MS))
    except WireError as error:
        raise ConfigError(
            f"--from {text!r} is no time.",
            action="Give beginning, now, an age like -10m (s, m, h or d), or 2026-01-02T03:04:05Z.",
        ) from error
