"""Low-rank updates (LoRA, arXiv 2106.09685): settings, what is refused, and the merge W + s B A."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, Self, TypeVar

import torch
from torch import Tensor

from operators.errors import CheckpointError

Number = TypeVar("Number", int, float)

_PLAIN: Mapping[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",),
    "use_dora": (False, None),
    "bias": ("none", None),
    "lora_bias": (False, None),
    "fan_in_fan_out": (False, None),
    "layer_replication": (None,),
    "use_qalora": (False, None),
    "alora_invocation_tokens": (None,),
    "target_parameters": (None, []),
    "trainable_token_indices": (None,),
}
"""Keys of adapter_config.json that change what the update means, with the values that are implemented."""

_CHANGES_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")
"""Ways to start a LoRA that also change the base's weights, so that the base alone no longer fits."""


@dataclass(frozen=True, slots=True)
class LoraConfig:
    """How strong the updates are.

    Attributes:
        rank: r.
        alpha: The update is scaled by alpha / r, or alpha / sqrt(r) if `rank_stabilised`.
        rank_pattern, alpha_pattern: Other values for modules whose name ends with a key, which is a regular
            expression; the first key that fits counts.
        rank_stabilised: `use_rslora`.
    """

    rank: int
    alpha: float
    rank_pattern: Mapping[str, int]
    alpha_pattern: Mapping[str, float]
    rank_stabilised: bool

    @classmethod
    def from_json(cls, config: Mapping[str, Any], where: str) -> Self:
        """Read the object of adapter_config.json.

        Args:
            config: The object.
            where: Name of its file, for messages.

        Raises:
            CheckpointError: A trait is not supported, or a value is missing or no number.
        """
        for key, allowed in _PLAIN.items():
            if key in config and config[key] not in allowed:
                raise CheckpointError(
                    f"{where}: {key} = {config[key]!r} is not supported.",
                    action="Use a plain LoRA, or merge the adapter with peft and give the merged model.",
                )
        start = config.get("init_lora_weights")
        if isinstance(start, str) and start.lower().startswith(_CHANGES_BASE):
            raise CheckpointError(
                f"{where}: init_lora_weights = {start!r} is not supported: it changes the base too.",
                action="Convert it to a plain LoRA with peft (path_initial_model_for_weight_conversion).",
            )
        try:
            read = cls(
                rank=int(config["r"]),
                alpha=float(config["lora_alpha"]),
                rank_pattern={key: int(value) for key, value in (config.get("rank_pattern") or {}).items()},
                alpha_pattern={
                    key: float(value) for key, value in (config.get("alpha_pattern") or {}).items()
                },
                rank_stabilised=bool(config.get("use_rslora")),
            )
            for key in (*read.rank_pattern, *read.alpha_pattern):
                re.compile(key)
        except KeyError as error:
            raise CheckpointError(f"{where}: key {error.args[0]!r} is missing.") from error
        except (TypeError, ValueError, AttributeError, re.error) as error:
            raise CheckpointError(f"{where}: a rank, alpha or pattern is not valid: {error}.") from error
        if min((read.rank, *read.rank_pattern.values())) < 1:
            raise CheckpointError(f"{where}: a rank is below 1.")
        return read

    def rank_of(self, module: str) -> int:
        """r of the module, for example `model.layers.0.self_attn.q_proj`."""
        return _first_fit(self.rank_pattern, module, self.rank)

    def scale_of(self, module: str) -> float:
        """s of the module."""
        rank = self.rank_of(module)
        return _first_fit(self.alpha_pattern, module, self.alpha) / (
            sqrt(rank) if self.rank_stabilised else rank
        )


def merge(weight: Tensor, down: Tensor, up: Tensor, scale: float) -> Tensor:
    """W + s B A, in float32.

    Args:
        weight: W [out, in], any floating dtype; not mutated.
        down: A [r, in].
        up: B [out, r].
        scale: s.

    Returns:
        float32 [out, in].
    """
    return torch.addmm(weight.float(), up.float(), down.float(), alpha=scale)


def _first_fit(pattern: Mapping[str, Number], module: str, default: Number) -> Number:
    for key, value in pattern.items():
        if re.match(rf"(.*\.)?({key})$", module):
            return value
    return default
