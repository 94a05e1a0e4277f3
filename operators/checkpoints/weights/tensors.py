"""Reading weight files, and checking weights against the modules that they are for."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from operators.errors import CheckpointError

MEND = "copy the model folder again, or save it again from training."


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, on the CPU, with the dtypes on disk.

    Raises:
        CheckpointError: The file is missing or broken.
    """
    if not path.is_file():
        raise CheckpointError(f"{path} is missing.", action=f"A model folder must hold it: {MEND}")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise CheckpointError(
            f"{path} is no readable safetensors file: {error}.", action=MEND.capitalize()
        ) from error


def check_shapes(
    expected: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]], where: str
) -> None:
    """Compare the names and shapes of tensors.

    Raises:
        CheckpointError: A tensor is missing, unexpected or has another shape; the message names it.
    """
    if missing := sorted(expected.keys() - found.keys()):
        raise CheckpointError(
            f"{where}: tensor {missing[0]!r} {list(expected[missing[0]])} is missing{_others(missing)}.",
            action=f"The settings in config.json ask for it: correct them, or {MEND}",
        )
    if unexpected := sorted(found.keys() - expected.keys()):
        first = unexpected[0]
        raise CheckpointError(
            f"{where}: unexpected tensor {first!r} {list(found[first])}{_others(unexpected)}.",
            action="The settings in config.json have no place for it: correct them, or save the model again.",
        )
    for name, shape in expected.items():
        if tuple(found[name]) != tuple(shape):
            raise CheckpointError(
                f"{where}: tensor {name!r} is {list(found[name])}, but config.json asks for {list(shape)}.",
                action="Correct the sizes in config.json, or give the weights that belong to it.",
            )


def check_prefixes(tensors: Mapping[str, Tensor], prefixes: tuple[str, ...], where: str) -> None:
    """Check that every tensor belongs to a known part.

    Raises:
        CheckpointError: A name starts with none of the prefixes; the message names it.
    """
    for name, tensor in tensors.items():
        if not name.startswith(prefixes):
            raise CheckpointError(
                f"{where}: unexpected tensor {name!r} {list(tensor.shape)}.",
                action=f"Names must start with {' or '.join(prefixes)}: save the model again.",
            )


def load_strictly(module: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Copy tensors into a module of exactly these names and shapes; dtypes become the module's.

    Raises:
        CheckpointError: A tensor is missing, unexpected or has another shape; the message names it.
    """
    check_shapes(shapes_of(module.state_dict()), shapes_of(tensors), where)
    module.load_state_dict(dict(tensors))


def shapes_of(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Names and shapes."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def without_prefix(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names start with the prefix, without it."""
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _others(names: list[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
