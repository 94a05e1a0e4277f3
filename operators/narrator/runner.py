"""The language model over the streams' cache: one packed forward pass at a time."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from operators.narrator.batch import Feed, pack
from operators.narrator.language.attention import CachedAttention
from operators.narrator.language.cache import KeyValueCache
from operators.narrator.language.decoder import Decoder
from operators.narrator.language.frame_rows import frame_numbers
from operators.narrator.language.rope import RotaryTable
from operators.narrator.sequences.pieces import FRAME_TOKEN, MEMORY_TOKEN
from operators.narrator.streams.regions import RegionSizes
from operators.narrator.streams.stream import Stream


class LanguageRunner:
    """The decoder, its cache and its angles.

    Args:
        decoder: The language model; device and dtype are its own.
        num_slots: Most streams at a time.
        sizes: Capacity of a slot.
        max_position: Largest position that is used.
    """

    def __init__(self, decoder: Decoder, num_slots: int, sizes: RegionSizes, max_position: int) -> None:
        weight = decoder.embed_tokens.weight
        config = decoder.config
        self._decoder = decoder
        self.device, self.dtype = weight.device, weight.dtype
        self._rotary = RotaryTable(config.rope, config.head_dim, max_position + 1, self.device)
        self.cache = KeyValueCache(
            num_layers=config.num_layers,
            num_slots=num_slots,
            slot_size=sizes.total,
            num_kv_heads=config.num_kv_heads,
            head_dim=config.head_dim,
            rotary=self._rotary,
            dtype=self.dtype,
            routed_layers=config.routed_layers,
        )

    def extend(self, feeds: Sequence[Feed], vision: Tensor | None = None) -> Tensor:
        """Feed tokens.

        Args:
            feeds: What each stream feeds; the regions of the streams and the cache are mutated.
            vision: Embeddings [V, hidden] for the placeholders: all frame tokens in the order of the feeds,
                then all memory tokens.

        Returns:
            Logits after each stream's last token, float32 [B, vocabulary].
        """
        batch = pack(feeds, self.cache.slot_size, self.device)
        ids = torch.from_numpy(np.maximum(batch.token_ids, 0)).to(self.device)
        embedded = self._decoder.embed(ids)
        if vision is not None:
            rows = [np.flatnonzero(batch.token_ids == token) for token in (FRAME_TOKEN, MEMORY_TOKEN)]
            embedded[torch.from_numpy(np.concatenate(rows)).to(self.device)] = vision.to(self.dtype)
        attention = CachedAttention(self.cache, batch, self._rotary)
        frames = None
        if self._decoder.config.depths is not None:
            frames = frame_numbers(piece.token_ids for feed in feeds for piece in feed.pieces)
        hidden = self._decoder(embedded, attention, frames)
        return self._decoder.logits(hidden[batch.last_rows])

    def move_keys(self, stream: Stream) -> None:
        """Follow a shift of the positions of a stream's keys."""
        places, positions = stream.regions.movable_keys()
        on_device = [torch.from_numpy(x).to(self.device) for x in (places, positions)]
        self.cache.rotate_again(stream.slot * self.cache.slot_size + on_device[0], on_device[1])


def best_tokens(logits: Tensor) -> list[tuple[int, float]]:
    """The likeliest token of each row of logits [B, vocabulary], and how far it is above the second best."""
    two = logits.float().topk(2, dim=-1).values
    return list(zip(logits.argmax(dim=-1).tolist(), (two[:, 0] - two[:, 1]).tolist(), strict=True))


def skip_decisions(logits: Tensor, skip: int) -> list[tuple[float, bool]]:
    """What the trigger asks of logits [B, vocabulary]; one wait for the device.

    Returns:
        For each row the probability of [SKIP], from a float32 log-sum-exp, and whether no token is likelier.
    """
    logits = logits.float()
    probabilities = (logits[:, skip] - logits.logsumexp(dim=-1)).exp()
    is_best = logits[:, skip] >= logits.max(dim=-1).values
    return [(p, bool(best)) for p, best in torch.stack([probabilities, is_best], dim=1).tolist()]
