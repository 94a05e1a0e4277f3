"""Settings as people may see them: with their origin, and without secrets."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

from pipeline.settings.environment import variable_of
from pipeline.settings.keys import known_keys
from pipeline.settings.resolve import ResolvedSettings

REDACTED = "********"


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """One setting.

    Attributes:
        key: For example `kafka.prefix`.
        value: JSON value; a secret is replaced by asterisks.
        origin: Where the value comes from.
        description: What it is.
        variable: Environment variable that sets it.
    """

    key: str
    value: str | int | float | bool | None
    origin: str
    description: str
    variable: str


def shown_settings(resolved: ResolvedSettings) -> tuple[ShownSetting, ...]:
    """All settings in the order of their sections."""
    return tuple(
        ShownSetting(
            key=key,
            value=_shown(_value(resolved, key)),
            origin=resolved.origins[key],
            description=field.description or "",
            variable=variable_of(key),
        )
        for key, field in known_keys().items()
    )


def redact_url(url: str) -> str:
    """The URL with its password, if it has one, replaced by asterisks."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{REDACTED}@{address}"))


def _value(resolved: ResolvedSettings, key: str) -> Any:
    value: Any = resolved.settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def _shown(value: Any) -> str | int | float | bool | None:
    if isinstance(value, SecretStr):
        return REDACTED
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str) and "://" in value:
        return redact_url(value)
    return value  # type: ignore[no-any-return]
