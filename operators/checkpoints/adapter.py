"""The connector and the memory, from adapter.safetensors."""

from pathlib import Path

from operators.checkpoints import folder
from operators.checkpoints.config import FlowNarConfig
from operators.checkpoints.tensors import check_shapes, read_tensors, shapes_of, without_prefix
from operators.memory.clam import Clam
from operators.narrator.connector import Connector


def load_adapter(path: Path, config: FlowNarConfig, hidden_size: int) -> tuple[Connector, Clam]:
    """Load connector and memory of the model folder `path`, float32 on the CPU.

    Args:
        path: The model folder.
        config: Its settings.
        hidden_size: Width of its language model.

    Raises:
        CheckpointError: The file is missing or broken, or a tensor is missing, unexpected or mis-shaped.
    """
    connector = Connector(config.vision.hidden_size, hidden_size)
    clam = Clam(config.clam)
    tensors = read_tensors(path / folder.ADAPTER)
    parts = {folder.CONNECTOR_PREFIX: connector, folder.CLAM_PREFIX: clam}
    expected = {
        prefix + name: shape
        for prefix, module in parts.items()
        for name, shape in shapes_of(module.state_dict()).items()
    }
    check_shapes(expected, shapes_of(tensors), str(path / folder.ADAPTER))
    for prefix, module in parts.items():
        module.load_state_dict(without_prefix(tensors, prefix))
    return connector, clam
