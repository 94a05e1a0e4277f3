"""The settings' keys (`kafka.prefix`), what each accepts, and the nearest one to a wrong key."""

import difflib
import json
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, SecretStr, TypeAdapter
from pydantic.fields import FieldInfo

from pipeline.errors import ConfigError
from pipeline.settings.models import Settings


@dataclass(frozen=True, slots=True)
class RawValue:
    """A value as one source gives it.

    Attributes:
        value: Text from a flag or the environment; what TOML holds from a file.
        origin: Where it comes from, for messages and `config show`.
        is_text: The value must be parsed from text; otherwise its type must be right already.
    """

    value: Any
    origin: str
    is_text: bool


@cache
def known_keys() -> dict[str, FieldInfo]:
    """Every key, with its field."""
    keys: dict[str, FieldInfo] = {}
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys |= {f"{name}.{leaf}": info for leaf, info in field.annotation.model_fields.items()}
        else:
            keys[name] = field
    return keys


def is_secret(key: str) -> bool:
    """Whether the key's value must not be shown."""
    return SecretStr in getattr(known_keys()[key].annotation, "__args__", ())


def unknown_key(key: str, origin: str, known: list[str] | None = None) -> ConfigError:
    """The error for a key that is none, naming the nearest key (of `known`, or of all)."""
    nearest = difflib.get_close_matches(key, known or list(known_keys()), n=1, cutoff=0.0)[0]
    return ConfigError(
        f"Unknown setting {key!r} from {origin}.",
        action=f"Did you mean {nearest}? All settings: flownar config show",
    )


def parse_value(key: str, raw: RawValue) -> Any:
    """The value of a key as its field wants it.

    Raises:
        ConfigError: Wrong type or out of bounds; the message names key, origin, value and what was expected.
    """
    adapter = _adapter(key)
    try:
        if raw.is_text:
            return adapter.validate_strings(raw.value)
        # JSON's strict mode: a number in quotes is refused, but text may become a path.
        return adapter.validate_json(json.dumps(raw.value), strict=True)
    except ValueError as error:
        reasons = [e["msg"] for e in error.errors()] if hasattr(error, "errors") else [str(error)]
        raise _wrong_value(key, raw, reasons) from error
    except TypeError as error:
        raise _wrong_value(key, raw, ["only text, numbers, true and false are allowed"]) from error


@cache
def _adapter(key: str) -> TypeAdapter[Any]:
    field = known_keys()[key]
    kind: Any = field.annotation
    return TypeAdapter(Annotated[kind, *field.metadata] if field.metadata else kind)


def _wrong_value(key: str, raw: RawValue, reasons: list[str]) -> ConfigError:
    shown = "" if is_secret(key) else f" is {raw.value!r}"
    expected = "; ".join(dict.fromkeys(reason.replace("Input should", "it should") for reason in reasons))
    return ConfigError(f"Setting {key} from {raw.origin}{shown}: {expected}.")
