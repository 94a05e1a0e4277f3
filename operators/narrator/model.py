"""A loaded narrator model: everything that the engine needs of a model folder."""

from dataclasses import dataclass

from tokenizers import Tokenizer
from torch import nn

from operators.checkpoints.config import FlowNarConfig
from operators.memory.histories.build import LearnedHistory
from operators.narrator.language.decoder import Decoder
from operators.narrator.sequences.layout import SequenceLayout


@dataclass(frozen=True, slots=True, eq=False)
class NarratorModel:
    """Modules in evaluation mode, on one device.

    Attributes:
        config: Settings that belong to the weights.
        layout: Pieces of the sequence.
        decoder: The language model.
        connector: Frame and memory tokens [..., D] to embeddings [..., hidden].
        memory: The visual history that it was trained with, float32.
        tokenizer: Writes prompts, reads narrations.
        model_hash: Tells models apart; a snapshot is restored only into the model it came from. Empty:
            unknown, not compared.
    """

    config: FlowNarConfig
    layout: SequenceLayout
    decoder: Decoder
    connector: nn.Module
    memory: LearnedHistory
    tokenizer: Tokenizer
    model_hash: str = ""
