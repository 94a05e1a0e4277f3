"""The language model: a Llama or Qwen3 decoder over packed tokens; the attention knows what they see."""

from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn

from operators.errors import EngineError
from operators.narrator.language.decoder_config import DecoderConfig
from operators.narrator.language.decoder_layer import Attention, DecoderLayer
from operators.narrator.language.decoder_weights import fuse_weights
from operators.narrator.language.frame_rows import FrameRows
from operators.narrator.language.routed_layer import RoutedLayer


class Decoder(nn.Module):
    """Llama or Qwen3 with fused projections. All methods take packed tokens: T rows of any streams."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(
            RoutedLayer(config, config.depths)
            if config.depths and number in config.depths.layers
            else DecoderLayer(config)
            for number in range(config.num_layers)
        )
        self.norm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        if config.tied_head:
            self.lm_head.weight = self.embed_tokens.weight

    @classmethod
    def from_state_dict(cls, config_json: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Self:
        """Build a decoder from a Hugging Face config and weights by their Hugging Face names.

        Args:
            config_json: The object of `language/config.json`.
            tensors: Weights, all of one floating dtype, which the decoder takes over.

        Raises:
            CheckpointError: The architecture or one of its traits is not supported, or a tensor is missing,
                unexpected or mis-shaped; the message names it.
        """
        config = DecoderConfig.from_json(config_json)
        with torch.device("meta"):
            decoder = cls(config)
        decoder.load_state_dict(fuse_weights(config, tensors), assign=True)
        if config.tied_head:
            decoder.lm_head.weight = decoder.embed_tokens.weight
        return decoder

    def embed(self, token_ids: Tensor) -> Tensor:
        """Embeddings [T, hidden] of token ids int64 [T]."""
        embedded: Tensor = self.embed_tokens(token_ids)
        return embedded

    def forward(self, embedded: Tensor, attention: Attention, frames: Tensor | None = None) -> Tensor:
        """Run all layers.

        Args:
            embedded: [T, hidden]; not mutated.
            attention: What the tokens see.
            frames: int64 [T], number of each vision token's frame within the pass, -1 for other tokens, best
                on the host; see `frame_rows.frame_numbers`. Only layers that route look at it.

        Returns:
            [T, hidden], after the last norm.

        Raises:
            EngineError: Layers route, and the frames are not told, or not all of one size.
        """
        rows = None
        if self.config.depths is not None:
            if frames is None:
                raise EngineError("the decoder routes frames' tokens, but is not told which they are.")
            rows = FrameRows.from_frames(frames, embedded.device)
        hidden = embedded
        for number, layer in enumerate(self.layers):
            hidden = layer(hidden, number, attention, rows)
        normed: Tensor = self.norm(hidden)
        return normed

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits float32 [R, vocabulary] of rows [R, hidden] that `forward` returned."""
        return self.lm_head(hidden).float()  # type: ignore[no-any-return]
