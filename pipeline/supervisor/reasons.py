"""What has been said already: a state is logged when it changes, not whenever it is seen."""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field

_NUMBER = r"[0-9a-f]*\d[0-9a-f]*"
_VARYING = re.compile(rf"\b{_NUMBER}(?:[.:,]{_NUMBER})*\b")


@dataclass(slots=True)
class Reasons:
    """The last reason of each thing that can be in trouble. Not thread-safe."""

    _last: dict[Hashable, str] = field(default_factory=dict)

    def is_new(self, thing: Hashable, reason: str) -> bool:
        """Whether the thing had no reason before, or another one; numbers in it make no difference."""
        alike = _VARYING.sub("#", reason)
        is_new = self._last.get(thing) != alike
        self._last[thing] = alike
        return is_new

    def has_any(self, thing: Hashable) -> bool:
        """Whether the thing is in trouble."""
        return thing in self._last

    def is_over(self, thing: Hashable) -> bool:
        """Whether the thing was in trouble until now; its next reason is new."""
        return self._last.pop(thing, None) is not None
