"""The wire contract for machines: JSON Schemas of the events' data and an AsyncAPI document."""

import json
from importlib.resources import files
from typing import Any


def load_schema(event_type: str) -> dict[str, Any]:
    """The JSON Schema of an event type's data, for example of `flownar.narration.v1`."""
    return _load(f"{event_type}.json")


def load_asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document."""
    return _load("asyncapi.json")


def _load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return document
