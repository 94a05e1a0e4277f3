"""Unix nanoseconds as the events write them."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def format_time(time_ns: int) -> str:
    """RFC 3339 in UTC with nine decimals."""
    seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
    moment = (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='seconds')}.{nanoseconds:09d}Z"
