"""The connector and the memory, from the tensors of a model."""

from operators.checkpoints.config import FlowNarConfig
from operators.checkpoints.source import AdapterTensors
from operators.checkpoints.weights.tensors import check_shapes, shapes_of
from operators.memory.histories.build import LearnedHistory, build_memory
from operators.narrator.connector import Connector


def build_adapter(
    tensors: AdapterTensors, config: FlowNarConfig, hidden_size: int
) -> tuple[Connector, LearnedHistory]:
    """Build connector and memory, float32 on the CPU.

    Args:
        tensors: Their weights, any floating dtype.
        config: The model's settings.
        hidden_size: Width of its language model.

    Raises:
        CheckpointError: A tensor is missing, unexpected or mis-shaped.
        OperatorError: The kind of memory is unknown.
    """
    connector = Connector(config.vision.hidden_size, hidden_size)
    memory = build_memory(config)
    parts = (
        (tensors.connector_prefix, connector, tensors.connector),
        (tensors.memory_prefix, memory, tensors.memory),
    )
    expected: dict[str, tuple[int, ...]] = {}
    found: dict[str, tuple[int, ...]] = {}
    for prefix, module, weights in parts:
        expected |= {prefix + name: shape for name, shape in shapes_of(module.state_dict()).items()}
        found |= {prefix + name: shape for name, shape in shapes_of(weights).items()}
    check_shapes(expected, found, tensors.where)
    for _, module, weights in parts:
        module.load_state_dict(dict(weights))
    return connector, memory
