"""JSON Schemas of the events' data, one file per event type."""

import json
from importlib.resources import files
from typing import Any


def load_schema(event_type: str) -> dict[str, Any]:
    """The JSON Schema of an event type, for example `flownar.narration.v1`."""
    schema: dict[str, Any] = json.loads(files(__package__).joinpath(f"{event_type}.json").read_text("utf-8"))
    return schema
