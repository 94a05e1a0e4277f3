"""The wire contract for machines: JSON Schemas of events and of cameras' settings, an AsyncAPI document."""

import json
from importlib.resources import files
from typing import Any

SCHEMAS = (
    "flownar.narration.v1",
    "flownar.gap.v1",
    "flownar.shed.v1",
    "flownar.fault.v1",
    "flownar.camera.v1",
)
"""Names of the JSON Schemas: the event types, and the documents of the topic `cameras`."""


def load_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of that name, one of SCHEMAS."""
    return _load(f"{name}.json")


def load_asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document."""
    return _load("asyncapi.json")


def _load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return document
