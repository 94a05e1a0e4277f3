"""CLAM, the memory: a constant number of tokens that sums up all frames so far."""

from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn

from kernels.gated_scan import gated_scan
from operators.errors import OperatorError
from operators.memory.clam_layer import ClamLayer, PreparedQueries
from operators.memory.config import ClamConfig
from operators.memory.parallel import states_at

__all__ = ["Clam", "ClamConfig"]


class Clam(nn.Module):
    """M memory tokens read from a state that every frame token updates.

    Streaming: `state = update(state, features)` per frame, `read(state)` only where the tokens are needed.
    Training: `forward_all` gives the same values for all asked places of a video at once. State and
    arithmetic have the dtype of the weights (float32 unless converted), also under autocast.

    Args:
        config: Sizes and start values.
    """

    def __init__(self, config: ClamConfig) -> None:
        super().__init__()
        self.config = config
        self.query_embed = nn.Embedding(config.num_memory_tokens, config.model_dim)
        if config.learnable_start:
            self.tgt_embed = nn.Embedding(config.num_memory_tokens, config.model_dim)
        self.layers = nn.ModuleList(ClamLayer(config) for _ in range(config.num_layers))
        self._prepared: PreparedQueries | None = None
        self.register_load_state_dict_post_hook(_forget_cache)  # type: ignore[no-untyped-call]

    def initial_state(self, batch: int) -> Tensor:
        """The state before any frame: zeros [layers, B, H, K, V], device and dtype of the weights."""
        config = self.config
        shape = (config.num_layers, batch, config.num_heads, config.key_dim, config.value_dim)
        weight = self.query_embed.weight
        return torch.zeros(shape, dtype=weight.dtype, device=weight.device)

    def update(self, state: Tensor, features: Tensor) -> Tensor:
        """Fold the tokens of one frame (or any number of tokens) of each stream into its state.

        Args:
            state: [layers, B, H, K, V]; not mutated.
            features: [B, N, D], any floating dtype.

        Returns:
            The new state [layers, B, H, K, V].

        Raises:
            OperatorError: A shape does not fit.
        """
        self._check_tokens(features)
        self._check_state(state)
        if state.shape[1] != features.shape[0]:
            raise OperatorError(f"memory: {state.shape[1]} states, but features of {len(features)} streams.")
        with torch.autocast(features.device.type, enabled=False):
            tokens = features.to(state.dtype)
            updated = [
                gated_scan(layer_state, *layer.multihead_attn.token_fields(tokens))
                for layer, layer_state in zip(self.memory_layers, state, strict=True)
            ]
        return torch.stack(updated)

    def read(self, state: Tensor) -> Tensor:
        """Memory tokens [B, M, D] of the states [layers, B, H, K, V].

        Raises:
            OperatorError: The state's shape does not fit.
        """
        self._check_state(state)
        with torch.autocast(state.device.type, enabled=False):
            return self._read_layers(list(state))

    def forward_all(self, tokens: Tensor, read_at: Tensor | None = None) -> Tensor:
        """Memory tokens at the asked places of whole videos, parallel over time and differentiable.

        Args:
            tokens: [B, L, D], any floating dtype; the frames' tokens one behind the other.
            read_at: Indices of tokens after which to read, in 0 ... L-1, int64 [R] (for all videos) or
                [B, R]; None reads after every token. Fastest on the CPU,
                and if all are last tokens of frames.

        Returns:
            [B, R, M, D].

        Raises:
            OperatorError: A shape does not fit or an index lies outside.
        """
        self._check_tokens(tokens)
        places = self._places(tokens, read_at)
        with torch.autocast(tokens.device.type, enabled=False):
            tokens = tokens.to(self.query_embed.weight.dtype)
            states = [
                states_at(layer.multihead_attn.token_fields(tokens), places, self.config.tokens_per_frame)
                for layer in self.memory_layers
            ]
            return self._read_layers(states)

    @property
    def memory_layers(self) -> list[ClamLayer]:
        """The layers, first to last."""
        return [layer for layer in self.layers if isinstance(layer, ClamLayer)]

    def forget_cache(self) -> None:
        """Drop the cached queries; needed after changing weights in place in evaluation mode."""
        self._prepared = None

    def train(self, mode: bool = True) -> Self:
        """Switch between training and evaluation; drops the cached queries."""
        self.forget_cache()
        return super().train(mode)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        self.forget_cache()
        return super()._apply(fn, recurse)  # type: ignore[no-untyped-call]

    def _read_layers(self, states: list[Tensor]) -> Tensor:
        """Read all layers; each state is [..., H, K, V], the result [..., M, D]."""
        layers = self.memory_layers
        hidden = layers[0].read(self._first_queries(), states[0])
        for layer, state in zip(layers[1:], states[1:], strict=True):
            hidden = layer.read(layer.prepare(hidden, self.query_embed.weight), state)
        return hidden

    def _first_queries(self) -> PreparedQueries:
        """The first layer's queries do not depend on the video: computed once in evaluation mode."""
        if self._prepared is not None and not torch.is_grad_enabled():
            return self._prepared
        query_embed = self.query_embed.weight
        start = self.tgt_embed.weight if self.config.learnable_start else torch.zeros_like(query_embed)
        prepared = self.memory_layers[0].prepare(start, query_embed)
        if not self.training and not torch.is_grad_enabled():
            self._prepared = prepared
        return prepared

    def _check_tokens(self, tokens: Tensor) -> None:
        if tokens.ndim != 3 or tokens.shape[2] != self.config.model_dim or not tokens.is_floating_point():
            raise OperatorError(
                f"memory: tokens must be floating point [B, tokens, {self.config.model_dim}], "
                f"got {tokens.dtype} {list(tokens.shape)}."
            )

    def _check_state(self, state: Tensor) -> None:
        config = self.config
        layers, *sizes = config.num_layers, config.num_heads, config.key_dim, config.value_dim
        if state.ndim != 5 or state.shape[0] != layers or list(state.shape[2:]) != sizes:
            raise OperatorError(
                f"memory: state must be [{layers}, B, {', '.join(map(str, sizes))}], got {list(state.shape)}."
            )

    def _places(self, tokens: Tensor, read_at: Tensor | None) -> Tensor:
        """The indices as [B, R], checked."""
        batch, length = tokens.shape[:2]
        if read_at is None:
            read_at = torch.arange(length, device=tokens.device)
        shape = list(read_at.shape)
        if read_at.dtype != torch.int64 or not shape or shape[:-1] not in ([], [batch]):
            raise OperatorError(
                f"memory: read_at must be int64 [R] or [{batch}, R], got {read_at.dtype} {shape}."
            )
        if read_at.numel():
            first, last = int(read_at.min()), int(read_at.max())
            if first < 0 or last >= length:
                raise OperatorError(
                    f"memory: read_at must lie in 0 ... {length - 1}, got {first} ... {last}."
                )
        return read_at.expand(batch, -1)


def _forget_cache(module: nn.Module, _: object) -> None:
    if isinstance(module, Clam):
        module.forget_cache()
