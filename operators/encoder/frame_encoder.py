"""The frame encoder: batches of frames to frame tokens, without state."""

from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from operators.checkpoints.config import VisionConfig
from operators.checkpoints.placement import resolve_device, resolve_dtype
from operators.checkpoints.source import open_source
from operators.checkpoints.vision_folder import read_vision_config, read_vision_tensors, require_vision
from operators.checkpoints.weights.tensors import load_strictly
from operators.encoder.frame_tokens import frame_tokens, normalise
from operators.errors import CheckpointError, OperatorError


class FrameEncoder:
    """A vision tower and what it does to frames.

    Args:
        tower: A `SiglipVisionModel`; used where it is and as it is; its dtype is that of the arithmetic.
        vision: Size of the frames and of the token grid.
    """

    def __init__(self, tower: nn.Module, vision: VisionConfig) -> None:
        self.tower = tower
        self.vision = vision
        weight = next(tower.parameters())
        self.device, self.dtype = weight.device, weight.dtype

    @classmethod
    def load(cls, path: Path, device: str | torch.device = "auto", dtype: str | torch.dtype = "auto") -> Self:
        """Load the vision tower of a model folder, in evaluation mode. Imports transformers: seconds.

        Args:
            path: A model folder of any form that `operators.checkpoints.load.load_model` takes, with vision/.
            device: A torch device; `auto` is CUDA if there is a GPU, else the CPU.
            dtype: `auto` is bfloat16 on CUDA and float32 on the CPU, whatever the dtype on disk.

        Raises:
            CheckpointError: A file is missing or broken, or does not fit config.json.
            OperatorError: The device or dtype is unknown or not there.
        """
        device = resolve_device(device)
        dtype = resolve_dtype(dtype, device)
        source = open_source(path)
        folder = require_vision(source.vision_path(), path)
        vision = source.config().vision
        tower = build_tower(read_vision_config(folder), vision, str(folder / "config.json"))
        tensors, where = read_vision_tensors(folder)
        load_strictly(tower, tensors, where)
        return cls(tower.to(device, dtype).eval(), vision)

    @property
    def image_size(self) -> int:
        """S, side of the frames, pixels."""
        return self.vision.image_size

    @torch.inference_mode()
    def encode(self, frames: Tensor) -> Tensor:
        """Encode B frames, of whatever streams.

        Args:
            frames: uint8 RGB [B, S, S, 3], B >= 1, any device.

        Returns:
            Frame tokens [B, N, D] float32 on the encoder's device.

        Raises:
            OperatorError: Wrong shape or dtype.
        """
        size = self.image_size
        if (
            frames.dtype != torch.uint8
            or frames.ndim != 4
            or frames.shape[1:] != (size, size, 3)
            or not len(frames)
        ):
            raise OperatorError(
                f"frames must be uint8 [B, {size}, {size}, 3] with B >= 1, "
                f"got {frames.dtype} {list(frames.shape)}.",
                action="Resize frames with operators.frames before encoding them.",
            )
        pixels = normalise(frames.to(self.device, non_blocking=True), self.dtype)
        return frame_tokens(self.tower, pixels, self.vision)


def build_tower(
    tower_config: dict[str, Any], vision: VisionConfig, where: str = "vision/config.json"
) -> nn.Module:
    """A `SiglipVisionModel` with random weights.

    Args:
        tower_config: Settings of `SiglipVisionConfig`.
        vision: What the project's config.json says; the two must agree.
        where: Name of the settings' source, for messages.

    Raises:
        CheckpointError: The settings don't agree, or the tower is not a SigLIP one.
    """
    from transformers import SiglipVisionConfig, SiglipVisionModel  # noqa: PLC0415 (slow import)

    kind = tower_config.get("model_type", SiglipVisionConfig.model_type)
    if kind != SiglipVisionConfig.model_type:
        raise CheckpointError(
            f"{where}: model_type is {kind!r}, but only {SiglipVisionConfig.model_type!r} is supported.",
            action="Save the vision part alone with SiglipVisionModel.save_pretrained.",
        )
    config = SiglipVisionConfig(**tower_config)
    for name, asked in (("image_size", vision.image_size), ("hidden_size", vision.hidden_size)):
        if getattr(config, name) != asked:
            raise CheckpointError(
                f"{where}: {name} is {getattr(config, name)}, but config.json says vision.{name} {asked}.",
                action="Make the two agree.",
            )
    tower: nn.Module = SiglipVisionModel(config)
    return tower
