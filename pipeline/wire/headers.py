"""Reading of record headers: UTF-8 text under lower-case names, of which the last one wins."""

import re
from collections.abc import Iterable

from pipeline.errors import WireError

HEADER_MISSING = "header-missing"
HEADER_INVALID = "header-invalid"

MAX_NUMBER = (1 << 63) - 1
"""Largest number in a header: what a signed 64-bit integer holds, so that any client can read it."""

_DECIMAL = re.compile(r"[0-9]{1,19}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class HeaderReader:
    """Typed look-ups in the headers of one record.

    Args:
        headers: Headers in order; unknown ones are ignored, whatever they hold.
    """

    def __init__(self, headers: Iterable[tuple[str, bytes | None]]) -> None:
        self._values = dict(headers)

    def text(self, name: str) -> str | None:
        """The header's text, or None if there is no such header.

        Raises:
            WireError: It is no UTF-8 text (code `header-invalid`).
        """
        if name not in self._values:
            return None
        value = self._values[name]
        try:
            return "" if value is None else value.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            raise invalid_header(name, repr(value[:40]) if value else "", "it is not UTF-8 text") from error

    def required_text(self, name: str) -> str:
        """The header's text.

        Raises:
            WireError: It is missing (code `header-missing`) or no UTF-8 text.
        """
        value = self.text(name)
        if value is None:
            raise WireError(f"The header '{name}' is missing.", code=HEADER_MISSING)
        return value

    def number(self, name: str) -> int | None:
        """The header's number, or None if there is no such header.

        Raises:
            WireError: It is no decimal number of at most 63 bits (code `header-invalid`).
        """
        text = self.text(name)
        return None if text is None else parse_number(name, text)

    def required_number(self, name: str) -> int:
        """The header's number; raises as `required_text` and `number` do."""
        return parse_number(name, self.required_text(name))

    def flag(self, name: str) -> bool:
        """Whether the header says `true`; False if it says `false` or is not there.

        Raises:
            WireError: It says something else (code `header-invalid`).
        """
        text = self.text(name)
        if text not in (None, "true", "false"):
            raise invalid_header(name, repr(text[:40]), "it must be true or false")
        return text == "true"

    def traceparent(self, name: str = "traceparent") -> str | None:
        """The trace context, or None if there is none or it is malformed (which must never stop a record)."""
        try:
            text = self.text(name)
        except WireError:
            return None
        return text if text and _TRACEPARENT.fullmatch(text) else None

    def tracestate(self) -> str | None:
        """The vendors' trace state, or None if there is none or it is malformed."""
        try:
            return self.text("tracestate") or None
        except WireError:
            return None


def parse_number(name: str, text: str) -> int:
    """A decimal number of at most 63 bits; `name` is the header, for the error (code `header-invalid`)."""
    if _DECIMAL.fullmatch(text) is None or int(text) > MAX_NUMBER:
        raise invalid_header(name, repr(text[:40]), f"it must be a decimal number from 0 to {MAX_NUMBER}")
    return int(text)


def invalid_header(name: str, shown: str, why: str) -> WireError:
    """The error for a header that can't be read."""
    return WireError(f"The header '{name}' is {shown}: {why}.", code=HEADER_INVALID)
