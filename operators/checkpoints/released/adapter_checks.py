"""Whether a LoRA adapter and a base belong together."""

import torch
from torch import Tensor

from operators.checkpoints.language.folder import EMBEDDING, HEAD, LanguageFolder
from operators.checkpoints.released.peft_adapter import PeftAdapter
from operators.errors import CheckpointError
from operators.narrator.language.decoder_config import DecoderConfig

MAX_ROUNDING = 0.25
"""Rounding to 4 bits changes weights by a tenth of their size; those of another model differ by all of it."""

MEND = "Give the base that adapter_config.json names."


def check_adapter(adapter: PeftAdapter, base: DecoderConfig) -> None:
    """Compare the names and shapes of an adapter's updates and copies with the base's weights.

    Raises:
        CheckpointError: An update is for a module that the base has not, or a shape does not fit.
    """
    where = adapter.weights.where
    shapes = base.weight_shapes()
    shapes.setdefault(HEAD, shapes[EMBEDDING])
    for module, update in adapter.updates.items():
        shape = shapes.get(f"{module}.weight")
        if shape is None or len(shape) != 2 or f"{module}.weight" == EMBEDDING:
            raise CheckpointError(
                f"{where}: tensor {update.down!r} changes {module!r}: the base has no such linear layer.",
                action=MEND,
            )
        rank = adapter.lora.rank_of(module)
        for name, expected in ((update.down, (rank, shape[1])), (update.up, (shape[0], rank))):
            _check_shape(adapter, name, expected)
    for name, stored in adapter.copies.items():
        if name not in shapes:
            raise CheckpointError(
                f"{where}: unexpected tensor {stored!r}: the base has no {name!r}.", action=MEND
            )
        _check_shape(adapter, stored, shapes[name])


def compared_copy(adapter: PeftAdapter, name: str, weight: Tensor, base: LanguageFolder) -> Tensor:
    """The base's weight, if the adapter's copy equals it; the copy, if the base was rounded to few bits.

    Args:
        adapter: Has a copy of the weight.
        name: Of the weight.
        weight: The base's, any floating dtype; equal up to rounding to the narrower dtype of the two.
        base: Where the weight is from.

    Raises:
        CheckpointError: The two differ.
    """
    stored = adapter.copies[name]
    copy = adapter.read(stored)
    if torch.equal(copy.to(weight.dtype), weight) or torch.equal(weight.to(copy.dtype), copy):
        return weight
    distance = (copy.float() - weight.float()).norm() / weight.float().norm()
    if not base.exact and distance < MAX_ROUNDING:
        return copy
    raise CheckpointError(
        f"{adapter.weights.where}: tensor {stored!r} differs from {name!r} of {base.path}: "
        "the adapter was trained on another base.",
        action=MEND,
    )


def _check_shape(adapter: PeftAdapter, name: str, expected: tuple[int, ...]) -> None:
    found = adapter.infos[name].shape
    if found != expected:
        raise CheckpointError(
            f"{adapter.weights.where}: tensor {name!r} is {list(found)}, "
            f"but base and rank ask for {list(expected)}.",
            action=MEND,
        )
