"""The connector: vision-width tokens to language-width tokens."""

from torch import nn


class Connector(nn.Sequential):
    """Linear, GELU, Linear; the same weights for frame tokens and memory tokens. [..., D] -> [..., hidden].

    Args:
        vision_dim: D, width of frame and memory tokens.
        hidden_dim: Width of the language model.
    """

    def __init__(self, vision_dim: int, hidden_dim: int) -> None:
        super().__init__(nn.Linear(vision_dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, hidden_dim))
        self.vision_dim = vision_dim
        self.hidden_dim = hidden_dim
