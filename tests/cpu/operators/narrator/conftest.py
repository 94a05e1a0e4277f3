"""The tiny narrator, built once."""

import pytest
from tokenizers import Tokenizer

from operators.checkpoints.config import FlowNarConfig
from operators.narrator.model import NarratorModel
from operators.narrator.sequences.layout import SequenceLayout
from tests.support.tiny_narrator import make_model


@pytest.fixture(scope="session")
def model() -> NarratorModel:
    return make_model()


@pytest.fixture(scope="session")
def tokenizer(model: NarratorModel) -> Tokenizer:
    return model.tokenizer


@pytest.fixture(scope="session")
def config(model: NarratorModel) -> FlowNarConfig:
    return model.config


@pytest.fixture(scope="session")
def layout(model: NarratorModel) -> SequenceLayout:
    return model.layout
