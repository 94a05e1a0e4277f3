"""Reads and writes the documents of cameras, for people."""

import threading
from types import TracebackType
from typing import Self

from pipeline.cameras.documents import CameraDocuments
from pipeline.config import Settings
from pipeline.errors import BrokerError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import read_to_end
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import Delivery, OutgoingRecord
from pipeline.messages.camera import CameraSettings
from pipeline.wire.camera_record import encode_camera
from pipeline.wire.topics import MAX_NARRATION_BYTES, TopicNames

WRITE_DEADLINE_S = 20.0


def read_documents(settings: Settings) -> CameraDocuments:
    """All documents as of now; those that can't be used are passed over.

    Raises:
        BrokerError: Kafka can't be reached, or the topic does not exist.
    """
    documents = CameraDocuments()
    topic = TopicNames.of(settings.kafka.prefix).cameras
    for record in read_to_end(connection_kwargs(settings.kafka), topic, 0):
        documents.apply(record)
    return documents


class CameraWriter:
    """Writes documents.

    Args:
        settings: All settings.

    Raises:
        BrokerError: Kafka can't be reached.
    """

    def __init__(self, settings: Settings) -> None:
        self._topic = TopicNames.of(settings.kafka.prefix).cameras
        self._producer = IdempotentProducer(
            connection_kwargs(settings.kafka),
            client_id=f"{settings.kafka.prefix}cameras-cli",
            max_record_bytes=MAX_NARRATION_BYTES,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._producer.close()

    def write(self, camera: str, document: CameraSettings | None) -> None:
        """Write the whole document of a stream or `*`; None takes it away. Returns when it is in the topic.

        Raises:
            BrokerError: It could not be written.
        """
        value = None if document is None else encode_camera(document)
        outcome: list[Delivery] = []
        done = threading.Event()

        def finish(delivery: Delivery) -> None:
            outcome.append(delivery)
            done.set()

        record = OutgoingRecord(self._topic, 0, camera.encode(), value)
        self._producer.send(record, finish, timeout_s=WRITE_DEADLINE_S)
        if not done.wait(WRITE_DEADLINE_S) or outcome[0].error is not None:
            reason = f": {outcome[0].error!r}" if outcome else " in time"
            raise BrokerError(
                f"{self._topic}: the settings of {camera} were not acknowledged{reason}.",
                action="See what is in force: `flownar cameras list`. Check the broker: `flownar doctor`.",
            )
