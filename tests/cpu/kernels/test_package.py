"""The folder `kernels` must not be taken for the package of that name from the Hugging Face hub."""

import ast
import importlib.metadata
import importlib.util
import sys
from pathlib import Path

import pytest

import kernels


def test_package_is_only_a_name() -> None:
    assert kernels.__file__ is not None
    body = ast.parse(Path(kernels.__file__).read_text()).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr), "kernels/__init__.py holds its docstring and nothing else"
    assert not hasattr(kernels, "__version__")


def test_the_hub_package_is_not_installed() -> None:
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("kernels")
    spec = importlib.util.find_spec("kernels")
    assert spec is not None
    assert spec.origin == kernels.__file__


def test_transformers_does_not_mistake_it() -> None:
    from transformers.utils import is_kernels_available

    assert is_kernels_available() is False
    from transformers import SiglipVisionModel

    assert SiglipVisionModel.__module__ in sys.modules
