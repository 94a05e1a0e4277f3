"""Which layers only a share of each frame's tokens passes through (VideoLLM-MoD): the sizes, from the config.

VideoLLM-MoD (Wu et al., NeurIPS 2024, arXiv 2408.16730): in some layers (its best trade-off: every second
one) a learned linear router, there called LayerExpert, scores the vision tokens of every frame; the best of
the frame pass through attention and MLP, the others go round the layer. Text and memory always pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from operators.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class MixtureOfDepths:
    """Routing of vision tokens.

    Attributes:
        layers: Numbers of the layers with a router, ascending.
        share: Share of a frame's tokens that passes through such a layer, above 0, up to 1.
    """

    layers: tuple[int, ...]
    share: float

    @classmethod
    def from_json(cls, config: Mapping[str, Any], num_layers: int) -> Self | None:
        """Read `{"mixture_of_depths": {"layers": [1, 3], "share": 0.2}}` of `language/config.json`.

        Args:
            config: The object of the file.
            num_layers: Layers of the decoder.

        Returns:
            None if the key is missing or null: a model without routers.

        Raises:
            CheckpointError: A key is missing, unknown, or has a value that can't be.
        """
        given = config.get("mixture_of_depths")
        if given is None:
            return None
        if not isinstance(given, Mapping) or given.keys() != {"layers", "share"}:
            raise _refusal(f"{given!r} must be an object with the keys 'layers' and 'share'")
        layers, share = given["layers"], given["share"]
        numbers = [n for n in layers if type(n) is int] if isinstance(layers, list) else []
        if not numbers or len(numbers) != len(layers) or len(set(numbers)) != len(numbers):
            raise _refusal(f"layers = {layers!r} must be a list of different numbers")
        if min(numbers) < 0 or max(numbers) >= num_layers:
            raise _refusal(f"layers = {layers!r} must lie between 0 and {num_layers - 1}")
        if type(share) not in {int, float} or not 0 < share <= 1:
            raise _refusal(f"share = {share!r} must be a number above 0, up to 1")
        return cls(tuple(sorted(numbers)), float(share))

    def num_passing(self, num_tokens: int) -> int:
        """How many of a frame's tokens pass: the share, rounded (halves to even), and at least one."""
        return max(1, round(self.share * num_tokens))


def _refusal(what: str) -> CheckpointError:
    return CheckpointError(
        f"language config: mixture_of_depths: {what}.",
        action="Write for example {'layers': [1, 3], 'share': 0.2}, or leave the key out.",
    )
