"""All sampled videos of a run, kept where the training runs."""

import threading
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from operators.datasets.world import LABEL_SIZES, MEMORY_LABEL_SIZES
from operators.encoder.frame_encoder import FrameEncoder
from operators.training.attention import BLOCK, NUM_COLUMNS, block_kinds
from operators.training.features import encode_all
from operators.training.packing import PackSizes
from operators.training.samples import VideoSample
from operators.training.settings import TrainingSettings


@dataclass(frozen=True, slots=True, eq=False)
class PlanBatch:
    """B packed sequences and what they refer to, on the bank's device.

    Attributes:
        features: float32 [B, F, N, D].
        read_frames: int64 [B, R], frames after which the memory is read.
        memory_labels: int16 [B, R, K], what a perfect memory knows there.
        source, labels, structure, blocks: see `VideoBank`, without its first two dimensions; labels int64.
    """

    features: Tensor
    read_frames: Tensor
    memory_labels: Tensor
    source: Tensor
    labels: Tensor
    structure: Tensor
    blocks: Tensor


class VideoBank:
    """Frames of videos, until a trained tower turns them into features; then features.

    `put` may run in a thread beside the training: a video counts once it is complete.

    Attributes:
        count: Complete videos.
        num_plans: int64 [capacity] on the CPU, packed sequences of each.
        frames: uint8 [num_framed_videos, F, S, S, 3], until `freeze`.
        features: float16 [capacity, F, N, D], from `freeze` on.
        labels, memory_labels: int64-convertible int16 [capacity, F, K].
        source, plan_labels, structure, read_frames: packed sequences [capacity, plans, ...].
        blocks: int8 [capacity, plans, rows / BLOCK, rows / BLOCK], see `block_kinds`.
    """

    def __init__(
        self, capacity: int, settings: TrainingSettings, sizes: PackSizes, device: torch.device
    ) -> None:
        data, side = settings.data, settings.sizes.image_size
        self.capacity, self.device, self.num_frames = capacity, device, data.num_frames
        self._vision = settings.model_config(1).vision
        self.count = 0
        num_framed = min(capacity, data.num_framed_videos)
        self.frames = torch.zeros(
            (num_framed, data.num_frames, side, side, 3), dtype=torch.uint8, device=device
        )
        self.features: Tensor | None = None
        self.labels = self._empty((data.num_frames, len(LABEL_SIZES)), torch.int16)
        self.memory_labels = self._empty((data.num_frames, len(MEMORY_LABEL_SIZES)), torch.int16)
        plans = data.plans_per_video
        self.num_plans = torch.zeros(capacity, dtype=torch.int64)
        self.source = self._empty((plans, sizes.rows), torch.int32)
        self.plan_labels = self._empty((plans, sizes.rows), torch.int16)
        self.structure = self._empty((plans, sizes.rows, NUM_COLUMNS), torch.int16)
        self.read_frames = self._empty((plans, sizes.reads), torch.int16)
        self.blocks = self._empty((plans, sizes.rows // BLOCK, sizes.rows // BLOCK), torch.int8)
        self._encoder: FrameEncoder | None = None
        self._lock = threading.Lock()

    @property
    def is_full(self) -> bool:
        """No video can be put any more."""
        return self.count == self.capacity

    @property
    def has_room(self) -> bool:
        """A video can be put now; before `freeze`, frames take much room."""
        return self.count < (len(self.frames) if self._encoder is None else self.capacity)

    def put(self, sample: VideoSample) -> None:
        """Add one video; its frames become features at once if the tower is frozen."""
        with self._lock:
            slot = self.count
            frames = torch.from_numpy(sample.frames)
            if self._encoder is None:
                self.frames[slot] = frames.to(self.device)
            else:
                self._encode(self._encoder, slot, frames.to(self.device))
            self.labels[slot] = self._move(sample.labels)
            self.memory_labels[slot] = self._move(sample.memory_labels)
            for index, plan in enumerate(sample.plans):
                self.source[slot, index] = self._move(plan.source)
                self.plan_labels[slot, index] = self._move(plan.labels)
                self.structure[slot, index] = self._move(plan.structure)
                self.read_frames[slot, index] = self._move(plan.read_frames)
                self.blocks[slot, index] = block_kinds(self.structure[slot, index])
            self.num_plans[slot] = len(sample.plans)
            if self.device.type == "cuda":
                torch.cuda.current_stream(self.device).synchronize()
            self.count += 1

    def freeze(self, encoder: FrameEncoder) -> None:
        """Turn all frames into features, and those of later videos when they come; frees the frames."""
        with self._lock:
            shape = (self.num_frames, self._vision.num_frame_tokens, self._vision.hidden_size)
            self.features = self._empty(shape, torch.float16)
            for slot in range(self.count):
                self._encode(encoder, slot, self.frames[slot])
            self._encoder = encoder
            self.frames = self.frames[:0].clone()

    def known_features(self) -> Tensor:
        """The features [count, F, N, D] of all complete videos.

        Raises:
            RuntimeError: The tower is not frozen yet.
        """
        if self.features is None:
            raise RuntimeError("there are no features before the vision tower is frozen")
        return self.features[: self.count]

    def plan_batch(self, videos: Tensor, plans: Tensor) -> PlanBatch:
        """Packed sequences of the videos int64 [B], of each the plan int64 [B]; noise before `freeze`."""
        videos, plans = videos.to(self.device), plans.to(self.device)
        read_frames = self.read_frames[videos, plans].long()
        return PlanBatch(
            features=self._drawn_features(videos),
            read_frames=read_frames,
            memory_labels=self.memory_labels[videos[:, None], read_frames],
            source=self.source[videos, plans],
            labels=self.plan_labels[videos, plans].long(),
            structure=self.structure[videos, plans],
            blocks=self.blocks[videos, plans],
        )

    def _drawn_features(self, videos: Tensor) -> Tensor:
        if self.features is not None:
            return self.features[videos].float()
        vision = self._vision
        shape = (len(videos), self.num_frames, vision.num_frame_tokens, vision.hidden_size)
        return torch.randn(shape, device=self.device)

    def largest_position(self) -> int:
        """The largest position of any packed sequence."""
        return int(self.structure[: self.count, ..., 0].max())

    def _encode(self, encoder: FrameEncoder, slot: int, frames: Tensor) -> None:
        assert self.features is not None, "freeze allocates the features before anything is encoded"
        self.features[slot] = encode_all(encoder, frames).to(torch.float16)

    def _move(self, array: NDArray[np.int16] | NDArray[np.int32]) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    def _empty(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        return torch.zeros((self.capacity, *shape), dtype=dtype, device=self.device)
