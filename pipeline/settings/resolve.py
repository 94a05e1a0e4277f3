"""The order in which sources count, first wins:

1. flags, 2. the environment, 3. the file of `--config` or FLOWNAR_CONFIG, else `./flownar.toml`,
4. the user's `flownar/config.toml` below XDG_CONFIG_HOME, 5. `addresses.toml` in the state folder, which
`flownar up` writes, 6. the defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import ValidationError

from pipeline.errors import ConfigError
from pipeline.settings.environment import config_file_from_environment, environment_values
from pipeline.settings.files import file_values
from pipeline.settings.keys import RawValue, is_secret, known_keys, parse_value, unknown_key
from pipeline.settings.models import Settings

ADDRESSES_FILE = "addresses.toml"
"""File in the state folder that holds the addresses of the services that `flownar up` started."""

DEFAULT_ORIGIN = "default"


@dataclass(frozen=True, slots=True)
class ResolvedSettings:
    """Settings, and where each value came from.

    Attributes:
        settings: The settings.
        origins: Origin of every key: `flag`, a variable's name, a file's path, or `default`.
    """

    settings: Settings
    origins: Mapping[str, str]


def load_settings(
    flags: Mapping[str, str] | None = None,
    config_file: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
) -> ResolvedSettings:
    """Read all sources and resolve them.

    Args:
        flags: Text values by key (`kafka.prefix`), from the command line; secrets are refused there.
        config_file: Settings file that replaces `./flownar.toml`; it must exist.
        environ: The environment; None reads the process's.

    Raises:
        ConfigError: An unknown key, a wrong value, or a file that can't be read.
    """
    chosen = config_file or config_file_from_environment(environ)
    sources = [_flag_values(flags or {}), environment_values(environ)]
    if chosen is not None:
        sources.append(file_values(chosen))
    elif (here := Path("flownar.toml")).is_file():
        sources.append(file_values(here))
    user_file = Path(platformdirs.user_config_dir("flownar", appauthor=False)) / "config.toml"
    if user_file.is_file():
        sources.append(file_values(user_file))
    addresses = _merge(sources, "state_dir") / ADDRESSES_FILE
    if addresses.is_file():
        sources.append(file_values(addresses))
    values = {key: _merge(sources, key) for key in known_keys()}
    origins = {key: raw.origin if (raw := _first(sources, key)) else DEFAULT_ORIGIN for key in known_keys()}
    return ResolvedSettings(_build(values, origins), origins)


def _flag_values(flags: Mapping[str, str]) -> dict[str, RawValue]:
    for key in flags:
        if key not in known_keys():
            raise unknown_key(key, "a flag")
        if is_secret(key):
            raise ConfigError(
                f"{key} is a secret and can't be given on the command line, where others see it.",
                action="Use the environment, a _FILE variable or a settings file.",
            )
    return {key: RawValue(value, "flag", is_text=True) for key, value in flags.items()}


def _first(sources: list[dict[str, RawValue]], key: str) -> RawValue | None:
    return next((source[key] for source in sources if key in source), None)


def _merge(sources: list[dict[str, RawValue]], key: str) -> Any:
    raw = _first(sources, key)
    if raw is not None:
        return parse_value(key, raw)
    return known_keys()[key].get_default(call_default_factory=True)


def _build(values: dict[str, Any], origins: Mapping[str, str]) -> Settings:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        section, _, leaf = key.rpartition(".")
        (tree.setdefault(section, {}) if section else tree)[leaf] = value
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        section = ".".join(str(part) for part in first["loc"])
        from_where = sorted(
            {o for key, o in origins.items() if key.startswith(section) and o != DEFAULT_ORIGIN}
        )
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"Settings of [{section}] from {', '.join(from_where)}: {reason}.") from error
