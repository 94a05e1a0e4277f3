"""From the records of the topic `cameras` to what they say: pure bookkeeping."""

from pipeline.errors import WireError
from pipeline.kafka_io.records import Record
from pipeline.messages.camera import DEFAULT_CAMERA, CameraBook, CameraSettings
from pipeline.messages.dead_letter import DeadLetter
from pipeline.wire.camera_record import parse_camera, parse_camera_key

STAGE = "cameras"
"""Value of the dead letters' `error-stage`."""


class CameraDocuments:
    """All documents, as far as they are read. Mutable, not thread-safe.

    Attributes:
        next_offset: Offset behind the last record that was read.
    """

    def __init__(self) -> None:
        self.next_offset = 0
        self._documents: dict[str, CameraSettings] = {}

    def apply(self, record: Record) -> DeadLetter | None:
        """Take the next record in; one that is refused changes nothing: what was said before it holds."""
        self.next_offset = record.offset + 1
        try:
            camera = parse_camera_key(record.key)
            if record.value is None:
                self._documents.pop(camera, None)
            else:
                self._documents[camera] = parse_camera(record.value)
        except WireError as error:
            return DeadLetter.of(record, code=error.code, message=error.message, stage=STAGE)
        return None

    def book(self, version: int) -> CameraBook:
        """What is in force now."""
        cameras = dict(self._documents)
        default = cameras.pop(DEFAULT_CAMERA, CameraSettings())
        return CameraBook(version, default, cameras)

    def document(self, camera: str) -> CameraSettings | None:
        """The document of a stream or `*`; None if there is none."""
        return self._documents.get(camera)

    @property
    def cameras(self) -> tuple[str, ...]:
        """Everything that has a document: `*` first, then streams by name."""
        return tuple(sorted(self._documents, key=lambda camera: (camera != DEFAULT_CAMERA, camera)))
