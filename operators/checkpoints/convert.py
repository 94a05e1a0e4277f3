"""From any form of model folder to the one that this project writes: merged, in one dtype."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from operators.checkpoints import files
from operators.checkpoints.adapter import build_adapter
from operators.checkpoints.save import ModelParts, save_model
from operators.checkpoints.sequence_layout import read_layout
from operators.checkpoints.source import ModelSource, open_source
from operators.checkpoints.vision_folder import read_vision_config, read_vision_tensors
from operators.errors import CheckpointError
from operators.narrator.language.decoder_config import DecoderConfig

Progress = Callable[[int, int], None]
"""Told the number of tensors of the language model that are done, and of all."""


def convert_model(
    source_path: Path, out: Path, *, dtype: torch.dtype, force: bool = False, progress: Progress | None = None
) -> tuple[Path, ...]:
    """Write a model as config.json, adapter.safetensors, language/ and, if it has one, vision/.

    The language model passes through one tensor at a time, so that only the result must fit into memory,
    twice while it is written. The memory's weights stay float32.

    Args:
        source_path: A folder of any form that `load.load_model` takes.
        out: The folder to write; made if it is not there.
        dtype: Of the vision, language and connector weights on disk.
        force: Write also into a folder that holds something; other files in it are left alone.
        progress: Called after every tensor of the language model.

    Returns:
        The files that were written.

    Raises:
        CheckpointError: The source is not valid, the target must not be written, or a number does not fit
            into the dtype.
        LayoutError: The tokenizer can't write the sequence layout.
    """
    source = open_source(source_path)
    vision = source.vision_path()
    _check_target(source, out, force=force)
    config, language_config = source.config(), source.language_config()
    sizes = DecoderConfig.from_json(language_config)
    read_layout(source, sizes.vocab_size)
    connector, memory = build_adapter(source.adapter(), config, sizes.hidden_size)
    parts = ModelParts(
        config=config,
        vision_config={} if vision is None else read_vision_config(vision),
        vision={} if vision is None else _converted(read_vision_tensors(vision)[0], dtype),
        language_config=language_config,
        language={},
        connector=_converted(connector.state_dict(), dtype),
        memory=memory.state_dict(),
        tokenizer=source.tokenizer(),
    )
    language: dict[str, Tensor] = {}
    total = len(sizes.weight_shapes())
    for name, tensor in source.language_tensors():
        language[name] = _cast(name, tensor, dtype)
        if progress is not None:
            progress(len(language), total)
    save_model(out, replace(parts, language=language), dtype=dtype)
    skipped = {files.VISION_CONFIG, files.VISION_WEIGHTS} if vision is None else set()
    return tuple(out / name for name in files.FILES if name not in skipped)


def _check_target(source: ModelSource, out: Path, *, force: bool) -> None:
    if out.exists() and not out.is_dir():
        raise CheckpointError(f"{out} is no folder.", action="Name another one.")
    if out.resolve() in {source.path.resolve(), *(file.resolve().parent for file in source.files().values())}:
        raise CheckpointError(f"{out} belongs to the model that is read.", action="Name another folder.")
    if out.is_dir() and any(out.iterdir()) and not force:
        raise CheckpointError(
            f"{out} is not empty.", action="Name another folder, or give --force to write over its model."
        )
    if source.vision_path() is None and (out / files.VISION).exists():
        raise CheckpointError(
            f"{out} holds a vision tower, but {source.path} has none: the two would be taken for one model.",
            action="Name another folder, or remove it first.",
        )


def _converted(tensors: dict[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    return {name: _cast(name, tensor, dtype) for name, tensor in tensors.items()}


def _cast(name: str, tensor: Tensor, dtype: torch.dtype) -> Tensor:
    cast = tensor.to(dtype)
    if not torch.isfinite(cast).all():
        raise CheckpointError(
            f"tensor {name!r} holds numbers that {str(dtype).removeprefix('torch.')} can't write, "
            "or that are not finite.",
            action="Give --dtype bfloat16 or float32; if that does not help, the weights are broken.",
        )
    return cast
