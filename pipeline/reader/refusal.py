"""Records that the reader refuses, as dead letters."""

import logging

from pipeline.kafka_io.records import Record
from pipeline.messages.dead_letter import DeadLetter

_log = logging.getLogger(__name__)

STAGE = "reader"
"""Value of the dead letters' `error-stage`."""


def refuse(record: Record, stream: str, code: str, message: str) -> DeadLetter:
    """The dead letter of a record, which is logged.

    Args:
        record: The record.
        stream: Its stream; "" if it belongs to no valid stream of its partition.
        code: Machine-readable reason.
        message: What is wrong, for people.
    """
    _log.info(
        "%s [%d] offset %d, stream %r: refused, %s: %s",
        record.topic,
        record.partition,
        record.offset,
        stream,
        code,
        message,
    )
    return DeadLetter.of(record, code=code, message=message, stage=STAGE)
