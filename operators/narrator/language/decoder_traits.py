"""What a language config may ask for: other architectures and traits are refused by name."""

from collections.abc import Mapping
from typing import Any

from operators.errors import CheckpointError

_ARCHITECTURES = {"llama": "Llama and SmolLM2", "qwen3": "Qwen3"}
"""Values of `model_type` that the decoder implements."""

_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "hidden_act": ("silu",),
    "attention_bias": (False, None),
    "mlp_bias": (False, None),
    "sliding_window": (None,),
    "use_sliding_window": (False, None),
    "attn_logit_softcapping": (None,),
    "final_logit_softcapping": (None,),
    "no_rope_layers": (None,),
    "quantization_config": (None,),
    "pretraining_tp": (1, None),
}
"""Keys of a config that change what the model computes, with the values that the decoder implements."""


def refuse_unsupported(architecture: str, config: Mapping[str, Any]) -> None:
    """Look through a language config for what would change the numbers.

    Args:
        architecture: Its `model_type`.
        config: The object of `language/config.json`.

    Raises:
        CheckpointError: The architecture or one of its traits is not supported.
    """
    if architecture not in _ARCHITECTURES:
        known = ", ".join(f"{name} ({models})" for name, models in _ARCHITECTURES.items())
        raise CheckpointError(
            f"language config: model_type = {architecture!r} is not supported.",
            action=f"Use a model of one of these types: {known}.",
        )
    for key, allowed in _NEUTRAL.items():
        # Qwen3 looks at its window only where it is switched on.
        is_unused = key == "sliding_window" and architecture == "qwen3"
        if key in config and config[key] not in allowed and not is_unused:
            raise _refusal(key, config[key])
    layer_types = config.get("layer_types")
    if any(kind != "full_attention" for kind in layer_types or ()):
        raise _refusal("layer_types", layer_types)


def _refusal(key: str, value: object) -> CheckpointError:
    return CheckpointError(
        f"language config: {key} = {value!r} is not supported.",
        action="Use a model of the same architecture without it.",
    )
