"""The memory alone against recorded values: streaming, states, and all steps at once."""

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from operators.memory.clam import Clam, ClamConfig
from operators.parity.comparison import Comparison, FileResult

PART = "clam"
TOLERANCE = 1e-5
"""Outputs are of size 3 to 8; rounding in float32 is about 1e-6."""

_WEIGHTS = "state_dict."


@torch.inference_mode()
def check_clam(folder: Path) -> Iterator[FileResult]:
    """Compare every `clam/clam_*.safetensors` of a folder.

    Yields:
        One result a file, in the order of names.

    Raises:
        FlowNarError: The recorded sizes are none of a memory.
        OSError, KeyError: A file is not of the recorded form.
    """
    for path in sorted((folder / PART).glob("clam_*.safetensors")):
        with safe_open(path, "pt") as file:
            recorded_config = json.loads(file.metadata()["config"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
        yield _compare(f"{PART}/{path.name}", recorded_config, tensors)


def _compare(file: str, recorded: dict[str, int], tensors: dict[str, Tensor]) -> FileResult:
    config = ClamConfig(
        model_dim=recorded["d_model"],
        num_memory_tokens=recorded["n_clusters"],
        num_heads=recorded["n_head"],
        num_layers=recorded["n_layers"],
        learnable_start=bool(recorded["learnable_tgt"]),
        tokens_per_frame=recorded["tokens_per_frame"],
    )
    clam = Clam(config).eval()
    clam.load_state_dict({k.removeprefix(_WEIGHTS): t for k, t in tensors.items() if k.startswith(_WEIGHTS)})
    result = Comparison(file, PART)
    state, reads = clam.initial_state(1), []
    tokens, size = tensors["tokens"], config.tokens_per_frame
    for start in range(0, tokens.shape[1], size):
        state = clam.update(state, tokens[:, start : start + size])
        reads.append(clam.read(state))
    result.close("stream_output", torch.cat(reads), tensors["stream_output"], TOLERANCE)
    for layer in range(config.num_layers):
        result.close(f"state.{layer}", state[layer, 0], tensors[f"state.{layer}"], TOLERANCE)
    ends = torch.arange(len(reads)) * size + size - 1
    at_ends = clam.forward_all(tokens, ends)[0]
    result.close("frame ends at once", at_ends, tensors["stream_output"], TOLERANCE)
    if "all_steps_output" in tensors:
        every = clam.forward_all(tokens)
        result.close("all_steps_output", every, tensors["all_steps_output"], TOLERANCE)
    return result.result()
