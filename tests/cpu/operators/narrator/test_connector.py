"""The connector's equation and the names of its tensors."""

import torch
from torch.nn import functional

from operators.narrator.connector import Connector


def test_linear_gelu_linear() -> None:
    connector = Connector(6, 10)
    weights = connector.state_dict()
    assert list(weights) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    tokens = torch.randn(2, 5, 6)
    hidden = functional.gelu(functional.linear(tokens, weights["0.weight"], weights["0.bias"]))
    expected = functional.linear(hidden, weights["2.weight"], weights["2.bias"])
    torch.testing.assert_close(connector(tokens), expected)
    assert (connector.vision_dim, connector.hidden_dim) == (6, 10)
