"""A loaded narrator model: everything that the engine needs of a model folder."""

from dataclasses import dataclass

from tokenizers import Tokenizer
from torch import nn

from operators.checkpoints.config import FlowNarConfig
from operators.memory.clam import Clam
from operators.memory.histories.clam import ClamHistory
from operators.memory.history import VisualHistory
from operators.narrator.decoder import Decoder
from operators.narrator.layout import SequenceLayout


@dataclass(frozen=True, slots=True, eq=False)
class NarratorModel:
    """Modules in evaluation mode, on one device.

    Attributes:
        config: Settings that belong to the weights.
        layout: Pieces of the sequence.
        decoder: The language model.
        connector: Frame and memory tokens [..., D] to embeddings [..., hidden].
        clam: The memory, float32.
        tokenizer: Writes prompts, reads narrations.
        model_hash: Tells models apart; a snapshot is restored only into the model it came from. Empty:
            unknown, not compared.
    """

    config: FlowNarConfig
    layout: SequenceLayout
    decoder: Decoder
    connector: nn.Module
    clam: Clam
    tokenizer: Tokenizer
    model_hash: str = ""

    @property
    def memory(self) -> VisualHistory:
        """The memory as a visual history."""
        return ClamHistory(self.clam)
