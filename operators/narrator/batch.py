"""What one forward pass feeds: tokens of several streams, packed, with the keys that they see."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from operators.narrator.sequences.pieces import Piece
from operators.narrator.streams.stream import Stream


@dataclass(frozen=True, slots=True)
class Feed:
    """Tokens of one stream that are fed one after another; never empty."""

    stream: Stream
    pieces: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """T tokens of B streams. Q is the most tokens of one stream, L the most keys that one stream sees.

    Attributes:
        token_ids: int64 [T], on the host; negative where an embedding is put (see `pieces`).
        places: int64 [T], where each token's key and value go in the cache.
        positions: int64 [T].
        padded_rows: int64 [T], row of each token among the B x Q padded queries.
        padded_shape: (B, Q).
        key_places: int64 [B, L], where the keys lie; padded with the stream's first key.
        visible: bool [B, 1, Q, L], True = may attend. Padding rows see all keys of their stream.
        last_rows: int64 [B], row of each stream's last token.
    """

    token_ids: NDArray[np.int64]
    places: Tensor
    positions: Tensor
    padded_rows: Tensor
    padded_shape: tuple[int, int]
    key_places: Tensor
    visible: Tensor
    last_rows: Tensor


def pack(feeds: Sequence[Feed], slot_size: int, device: torch.device) -> PackedBatch:
    """Take room for the tokens in their streams' regions and describe the pass.

    Args:
        feeds: One per stream; the regions of the streams are mutated.
        slot_size: Tokens of a slot of the cache.
        device: Where the tensors go.

    Raises:
        EngineError: A region is full.
    """
    counts = np.array([sum(len(piece.token_ids) for piece in feed.pieces) for feed in feeds])
    batch, longest = len(feeds), int(counts.max())
    places, positions = [], []
    for feed in feeds:
        base = feed.stream.slot * slot_size
        for piece in feed.pieces:
            new_places, new_positions = feed.stream.regions.append(piece.region, len(piece.token_ids))
            places.append(base + new_places)
            positions.append(new_positions)
    keys = [feed.stream.regions.visible_keys() for feed in feeds]
    lengths = np.array([len(key_positions) for _, key_positions in keys])
    key_places = np.empty((batch, lengths.max()), dtype=np.int64)
    key_positions = np.zeros((batch, lengths.max()), dtype=np.int64)
    for row, (feed, (stream_places, stream_positions)) in enumerate(zip(feeds, keys, strict=True)):
        key_places[row] = feed.stream.slot * slot_size + stream_places[0]
        key_places[row, : lengths[row]] += stream_places - stream_places[0]
        key_positions[row, : lengths[row]] = stream_positions

    ends = np.cumsum(counts)
    padded_rows = np.arange(ends[-1]) + np.repeat(np.arange(batch) * longest - (ends - counts), counts)
    query_positions = np.full(batch * longest, np.iinfo(np.int64).max)
    query_positions[padded_rows] = np.concatenate(positions)
    not_later = key_positions[:, None, :] <= query_positions.reshape(batch, longest, 1)
    visible = not_later & (np.arange(lengths.max()) < lengths[:, None])[:, None, :]

    def on_device(values: NDArray[np.int64] | NDArray[np.bool_]) -> Tensor:
        return torch.from_numpy(values).to(device)

    return PackedBatch(
        token_ids=np.array([i for feed in feeds for piece in feed.pieces for i in piece.token_ids]),
        places=on_device(np.concatenate(places)),
        positions=on_device(np.concatenate(positions)),
        padded_rows=on_device(padded_rows),
        padded_shape=(batch, longest),
        key_places=on_device(key_places),
        visible=on_device(visible[:, None]),
        last_rows=on_device(ends - 1),
    )
