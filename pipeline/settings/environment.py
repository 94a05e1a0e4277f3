"""The environment: the only file of flownar that reads or writes it.

`FLOWNAR_KAFKA__PREFIX` sets `kafka.prefix`; `FLOWNAR_KAFKA__SASL_PASSWORD_FILE` names a file that holds the
value; `FLOWNAR_CONFIG` names a settings file, as `--config` does. `RAY_ADDRESS` and `KAFKA_LIBS` count if
ours are not set. An empty variable counts as not set.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.settings.keys import RawValue, known_keys, unknown_key

PREFIX = "FLOWNAR_"
CONFIG_FILE_VARIABLE = "FLOWNAR_CONFIG"
FILE_SUFFIX = "_FILE"

BORROWED = {"RAY_ADDRESS": "ray.address", "KAFKA_LIBS": "services.kafka_libs"}
"""Variables of others that set a key of ours, with less weight than our own."""


_exported: dict[str, str] = {}
"""Variables that `export_flags` set, and their values: told as flags, which they are."""


def variable_of(key: str) -> str:
    """Name of the environment variable that sets a key."""
    return PREFIX + key.replace(".", "__").upper()


def environment_values(environ: Mapping[str, str] | None = None) -> dict[str, RawValue]:
    """What the environment sets, by key.

    Args:
        environ: The environment; None reads the process's.

    Raises:
        ConfigError: A `FLOWNAR_` variable sets nothing known, or a `_FILE` can't be read.
    """
    environ = os.environ if environ is None else environ
    keys = {variable_of(key): key for key in known_keys()}
    values = {
        key: RawValue(environ[name], name, is_text=True)
        for name, key in BORROWED.items()
        if environ.get(name)
    }
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name == CONFIG_FILE_VARIABLE or not environ[name]:
            continue
        if name in keys:
            origin = "flag" if _exported.get(name) == environ[name] else name
            values[keys[name]] = RawValue(environ[name], origin, is_text=True)
        elif name.removesuffix(FILE_SUFFIX) in keys:
            key = keys[name.removesuffix(FILE_SUFFIX)]
            if environ.get(variable_of(key)):
                raise ConfigError(f"Both {variable_of(key)} and {name} are set.", action="Unset one of them.")
            values[key] = RawValue(_read_file(name, environ[name]), f"{name} ({environ[name]})", is_text=True)
        else:
            raise unknown_key(name, "the environment", list(keys))
    return values


def export_flags(flags: Mapping[str, str], config_file: Path | None) -> None:
    """Let all that follows in this process, and the processes that it starts, see a command's global options.

    Args:
        flags: Text values by key; they must have been checked, and must not hold secrets.
        config_file: The settings file of `--config`.
    """
    for key, value in flags.items():
        os.environ[variable_of(key)] = _exported[variable_of(key)] = value
    if config_file is not None:
        os.environ[CONFIG_FILE_VARIABLE] = str(config_file.absolute())


def config_file_from_environment(environ: Mapping[str, str] | None = None) -> Path | None:
    """The settings file that FLOWNAR_CONFIG names, if it does."""
    value = (os.environ if environ is None else environ).get(CONFIG_FILE_VARIABLE)
    return Path(value) if value else None


def _read_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The file that {name} names can't be read: {error}") from error
