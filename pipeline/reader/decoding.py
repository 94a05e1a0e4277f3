"""From a record to the frames of it that are narrated."""

import logging
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from operators.errors import FrameError
from operators.frames.decode import decode_gop, decode_image, is_video_type
from operators.frames.limits import FrameLimits
from pipeline.kafka_io.records import Record
from pipeline.wire.frame_record import FrameHeaders

_log = logging.getLogger(__name__)

DECODER_FAILED = "decoder-failed"


def decode_kept(
    record: Record, headers: FrameHeaders, kept: Collection[int], size: int, limits: FrameLimits
) -> list[NDArray[np.uint8]]:
    """The frames of a record that are kept, uint8 [size, size, 3] each; none if there are none.

    Args:
        record: The record.
        headers: What its headers say.
        kept: Indices of the frames that are kept, rising.
        size: Height and width that the model wants.
        limits: Bounds of what is decoded.

    Raises:
        FrameError: The value can't be decoded as what the headers say; `decoder-failed` if a decoder trips
            over it in a way that nobody foresaw: one record must never stop its partition.
    """
    if record.value is None or not kept:
        return []
    try:
        if is_video_type(headers.content_type):
            return decode_gop(record.value, headers.content_type, size, headers.num_frames, limits, kept=kept)
        return [decode_image(record.value, headers.content_type, size, limits)]
    except FrameError:
        raise
    except Exception as error:
        _log.exception("%s [%d] offset %d: decoder failed", record.topic, record.partition, record.offset)
        raise FrameError(f"The decoder failed: {error!r}.", code=DECODER_FAILED) from error
