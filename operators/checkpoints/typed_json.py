"""JSON to frozen dataclasses and back, with every key and type checked."""

import difflib
import json
import types
from dataclasses import MISSING, asdict, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from operators.errors import CheckpointError

T = TypeVar("T")


def to_json_text(value: Any) -> str:
    """A dataclass as indented JSON with a final newline; tuples become lists."""
    return json.dumps(asdict(value), indent=2, ensure_ascii=False) + "\n"


def from_json_text(kind: type[T], text: str, where: str) -> T:
    """Build the dataclass `kind` from JSON text.

    Args:
        kind: A dataclass whose fields are str, bool, int, float, fixed tuples, optionals or dataclasses.
        text: JSON.
        where: Name of the source, for messages.

    Raises:
        CheckpointError: No valid JSON, or a key is unknown, missing or has another type.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise CheckpointError(f"{where}: not valid JSON: {error}.") from error
    value: T = _convert(kind, data, where, "")
    return value


def _convert(kind: Any, data: Any, where: str, key: str) -> Any:
    """Check `data` against the annotation `kind`; `key` is its dotted path."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        if data is None and type(None) in args:
            return None
        (kind,) = (arg for arg in args if arg is not type(None))
        return _convert(kind, data, where, key)
    if is_dataclass(kind):
        return _convert_object(kind, data, where, key)
    if origin is tuple:
        if not isinstance(data, list) or len(data) != len(args):
            raise _wrong_type(where, key, f"a list of {len(args)}", data)
        items = zip(args, data, strict=True)
        return tuple(_convert(arg, item, where, f"{key}.{i}") for i, (arg, item) in enumerate(items))
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if type(data) is not kind:
        raise _wrong_type(where, key, kind.__name__, data)
    return data


def _convert_object(kind: Any, data: Any, where: str, key: str) -> Any:
    if not isinstance(data, dict):
        raise _wrong_type(where, key, "an object", data)
    prefix = f"{key}." if key else ""
    known = {item.name: item for item in fields(kind)}
    for name in data:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            raise CheckpointError(
                f"{where}: unknown key {prefix + name!r}.",
                action=f"The nearest known key is {prefix + nearest[0]!r}." if nearest else "",
            )
    hints = get_type_hints(kind)
    for name, item in known.items():
        if name not in data and item.default is MISSING and item.default_factory is MISSING:
            raise CheckpointError(f"{where}: key {prefix + name!r} is missing.")
    return kind(**{name: _convert(hints[name], value, where, prefix + name) for name, value in data.items()})


def _wrong_type(where: str, key: str, expected: str, data: Any) -> CheckpointError:
    return CheckpointError(
        f"{where}: {key or 'the document'} must be {expected}, got {json.dumps(data)[:80]}."
    )
