"""Unix nanoseconds and RFC 3339 text with nine decimals."""

import re
from datetime import UTC, datetime, timedelta

from pipeline.errors import WireError

NS_PER_S = 1_000_000_000

MIN_TIME_NS = -62_135_596_800 * NS_PER_S
"""0001-01-01T00:00:00Z, the first time that RFC 3339 and `datetime` can write."""

MAX_TIME_NS = 253_402_300_800 * NS_PER_S - 1
"""9999-12-31T23:59:59.999999999Z."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.([0-9]{1,9}))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def format_time(time_ns: int) -> str:
    """Unix nanoseconds as RFC 3339 in UTC with nine decimals, for example `2026-01-02T03:04:05.000000006Z`.

    Raises:
        ValueError: The time lies outside the years 1 to 9999.
    """
    if not MIN_TIME_NS <= time_ns <= MAX_TIME_NS:
        raise ValueError(f"{time_ns} ns is outside the years 1 to 9999")
    seconds, nanoseconds = divmod(time_ns, NS_PER_S)
    moment = _EPOCH + timedelta(seconds=seconds)
    # strftime does not pad years below 1000 on Linux; isoformat does.
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}.{nanoseconds:09d}Z"


def parse_time(text: str) -> int:
    """Unix nanoseconds of an RFC 3339 time with up to nine decimals and any offset.

    Raises:
        WireError: The text is no such time (code `time-invalid`).
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise _not_a_time(text)
    date, clock, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if offset in 'Zz' else offset}")
    except ValueError as error:
        raise _not_a_time(text) from error
    seconds = (moment - _EPOCH) // timedelta(seconds=1)
    return seconds * NS_PER_S + int((fraction or "0").ljust(9, "0"))


def _not_a_time(text: str) -> WireError:
    return WireError(
        f"{text[:60]!r} is not an RFC 3339 time.",
        code="time-invalid",
        action="Write it like 2026-01-02T03:04:05.678Z.",
    )
