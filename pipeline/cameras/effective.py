"""What is in force for a camera, and where each value comes from. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from pipeline.cameras.documents import CameraDocuments
from pipeline.messages.camera import DEFAULT_CAMERA, CameraSettings


class Origin(StrEnum):
    """Where a value comes from.

    OWN: the camera's document. DEFAULT: the document for cameras without one. TOPOLOGY: settings and model.
    """

    OWN = "own"
    DEFAULT = "default"
    TOPOLOGY = "topology"


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """One setting of a camera.

    Attributes:
        value: What is in force; None where that is not known, or for `retain_narrations` all.
        origin: Where it comes from.
    """

    value: object
    origin: Origin


def effective_settings(
    documents: CameraDocuments, camera: str, topology: Mapping[str, object]
) -> dict[str, EffectiveValue]:
    """Every setting of a camera by name.

    Args:
        documents: What is in the topic.
        camera: Stream id, or `*`.
        topology: The topology's values by name, for what documents leave open.
    """
    document, origin = documents.document(camera), Origin.OWN
    if document is None:
        document, origin = documents.document(DEFAULT_CAMERA), Origin.DEFAULT
    if document is None:
        document, origin = CameraSettings(), Origin.TOPOLOGY
    values = {field.name: getattr(document, field.name) for field in fields(document)}
    return {
        name: EffectiveValue(topology.get(name), Origin.TOPOLOGY)
        if value is None
        else EffectiveValue(value, origin)
        for name, value in values.items()
    }
