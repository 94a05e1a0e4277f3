"""`auto` and its mistakes."""

import pytest
import torch

from operators.checkpoints.placement import resolve_device, resolve_dtype
from operators.errors import OperatorError


def test_auto() -> None:
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert resolve_dtype("auto", torch.device("cpu")) is torch.float32
    assert resolve_dtype("auto", torch.device("cuda")) is torch.bfloat16


def test_names_and_torch_values() -> None:
    assert resolve_device("cpu") == resolve_device(torch.device("cpu")) == torch.device("cpu")
    assert resolve_dtype("float16", torch.device("cpu")) is torch.float16
    assert resolve_dtype(torch.float64, torch.device("cpu")) is torch.float64


def test_mistakes_are_named() -> None:
    with pytest.raises(OperatorError, match="unknown device 'gpu'"):
        resolve_device("gpu")
    with pytest.raises(OperatorError, match="cuda:99 was asked for"):
        resolve_device("cuda:99")
    with pytest.raises(OperatorError, match=r"unknown dtype 'fp16'.*float16"):
        resolve_dtype("fp16", torch.device("cpu"))
