"""Settings files: TOML with one table per section."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pipeline.errors import ConfigError
from pipeline.settings.keys import RawValue, known_keys, unknown_key
from pipeline.settings.models import Settings


def file_values(path: Path) -> dict[str, RawValue]:
    """What a settings file sets, by key.

    Raises:
        ConfigError: The file can't be read or is no TOML, or names an unknown key.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The settings file {path} can't be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The settings file {path} is not valid TOML: {error}") from error
    values: dict[str, RawValue] = {}
    for key, value in _flatten(tables, path).items():
        if key not in known_keys():
            raise unknown_key(key, str(path))
        values[key] = RawValue(value, str(path), is_text=False)
    return values


def _flatten(tables: dict[str, Any], path: Path) -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for name, value in tables.items():
        if isinstance(value, dict):
            leaves |= {f"{name}.{leaf}": inner for leaf, inner in value.items()}
        elif _is_section(name):
            raise ConfigError(f"{name} in {path} must be a table, it is {value!r}.", action=f"Write [{name}]")
        else:
            leaves[name] = value
    return leaves


def _is_section(name: str) -> bool:
    field = Settings.model_fields.get(name)
    return (
        field is not None and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    )
