"""Reading of JSON objects whose every field must be there, have its exact type, and be known."""

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Fields:
    """Takes the fields out of one JSON object.

    Every method raises KeyError for a missing field and TypeError or ValueError for a wrong one.

    Args:
        value: What `json.loads` returned; must be an object.
    """

    def __init__(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise TypeError(f"{value!r:.40} is not an object")
        self._left = dict(value)

    def take(self, name: str, kind: type[T]) -> T:
        """The field, which must be exactly of type `kind` (so True is no integer)."""
        value = self._left.pop(name)
        if type(value) is not kind:
            raise TypeError(f"'{name}' is {value!r:.40}, not of type {kind.__name__}")
        return value

    def integer(self, name: str) -> int:
        """The integer field."""
        return self.take(name, int)

    def text(self, name: str) -> str:
        """The text field."""
        return self.take(name, str)

    def optional(self, name: str, read: Callable[[Any], T]) -> T | None:
        """The field as `read` gives it, or None if it is null; it must be there in any case."""
        value = self._left.pop(name)
        return None if value is None else read(value)

    def added(self, name: str, read: Callable[[Any], T], default: T) -> T:
        """A field that older records do not have, as `read` gives it; `default` if it is not there."""
        return read(self._left.pop(name)) if name in self._left else default

    def finish(self) -> None:
        """Refuse fields that were not taken."""
        if self._left:
            raise ValueError(f"unknown fields {sorted(self._left)}")


def read_object(value: Any, read: Callable[[Fields], T]) -> T:
    """What `read` makes of an object, all of whose fields it must take."""
    fields = Fields(value)
    result = read(fields)
    fields.finish()
    return result


def integer(value: Any) -> int:
    """The value, which must be an integer (True is none)."""
    if type(value) is not int:
        raise TypeError(f"{value!r:.40} is no integer")
    return value
