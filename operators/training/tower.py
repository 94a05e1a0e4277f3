"""First stage: the vision tower learns to name what a picture shows, through the few tokens it gives."""

import copy
import logging

import torch
from torch import Tensor, nn
from torch.nn import functional

from operators.checkpoints.config import VisionConfig
from operators.datasets.world import LABEL_SIZES
from operators.encoder.frame_encoder import FrameEncoder, build_tower
from operators.encoder.frame_tokens import frame_tokens, normalise
from operators.training.label_heads import LabelHeads
from operators.training.optimiser import Stage
from operators.training.settings import ModelSizes, StageSettings
from operators.training.video_bank import VideoBank

log = logging.getLogger(__name__)
LOG_EVERY = 200


class TowerTrainer(nn.Module):
    """A tower and two sets of heads: on all tokens of a frame, and on the pooled token alone.

    The second makes one token a summary of the picture, which is what a linear memory binds best.

    Args:
        tower: A `SiglipVisionModel`.
        vision: Its grid.
    """

    def __init__(self, tower: nn.Module, vision: VisionConfig) -> None:
        super().__init__()
        self.tower, self.vision = tower, vision
        self.heads = LabelHeads(vision.num_frame_tokens * vision.hidden_size, LABEL_SIZES)
        self.pooled_heads = LabelHeads(vision.hidden_size, LABEL_SIZES)

    def loss(self, frames: Tensor, labels: Tensor) -> Tensor:
        """Loss of frames uint8 [B, S, S, 3] with labels [B, K], under bfloat16 autocast on a GPU."""
        pixels = disturb(normalise(frames, torch.float32))
        with torch.autocast(frames.device.type, torch.bfloat16, enabled=frames.device.type == "cuda"):
            tokens = frame_tokens(self.tower, pixels, self.vision)
            return self.heads.loss(tokens.flatten(1), labels) + self.pooled_heads.loss(tokens[:, 0], labels)

    def encoder(self) -> FrameEncoder:
        """A frozen copy of the tower, in half precision on a GPU."""
        tower = copy.deepcopy(self.tower).eval().requires_grad_(False)
        return FrameEncoder(tower.half() if next(tower.parameters()).is_cuda else tower, self.vision)

    @torch.no_grad()
    def accuracy(self, features: Tensor, labels: Tensor) -> dict[str, float]:
        """Share of the labels that the heads read right from frame tokens [..., N, D], by label."""
        right = self.heads.right(features.float().flatten(-2), labels).nanmean(0)
        return dict(zip(LABEL_SIZES, right.tolist(), strict=True))


def tower_config(sizes: ModelSizes) -> dict[str, object]:
    """Settings of `SiglipVisionConfig` for the model's sizes."""
    return {
        "hidden_size": sizes.width,
        "intermediate_size": sizes.vision_mlp,
        "num_hidden_layers": sizes.vision_layers,
        "num_attention_heads": sizes.num_heads,
        "image_size": sizes.image_size,
        "patch_size": sizes.patch_size,
    }


def new_tower(sizes: ModelSizes, vision: VisionConfig, device: torch.device) -> TowerTrainer:
    """An untrained tower with its heads."""
    return TowerTrainer(build_tower(tower_config(sizes), vision), vision).to(device)


def train_tower(trainer: TowerTrainer, bank: VideoBank, settings: StageSettings) -> None:
    """Train on frames drawn at random from the videos that are in the bank by then."""
    stage = Stage(settings, [trainer])
    trainer.train()
    while not stage.is_over:
        videos = torch.randint(bank.count, (settings.batch,), device=bank.device)
        frames = torch.randint(bank.num_frames, (settings.batch,), device=bank.device)
        loss = trainer.loss(bank.frames[videos, frames], bank.labels[videos, frames])
        stage.step(loss)
        if stage.steps % LOG_EVERY == 1:
            log.info(
                "tower step %d, %d videos, loss %.3f, %.0f %% of the time",
                stage.steps,
                bank.count,
                loss.item(),
                100 * stage.progress,
            )
    trainer.eval()
    log.info("tower: %d steps of %d frames", stage.steps, settings.batch)


def disturb(pixels: Tensor) -> Tensor:
    """What cameras and codecs differ in: brightness, contrast, colour cast, softness and noise, per picture.

    Args:
        pixels: float [B, 3, S, S] in -1 ... 1.
    """
    batch, device = len(pixels), pixels.device

    def uniform(low: float, high: float, channels: int = 1) -> Tensor:
        return torch.empty(batch, channels, 1, 1, device=device).uniform_(low, high)

    soft = functional.avg_pool2d(functional.pad(pixels, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    softness = uniform(-0.5, 0.8).clamp(min=0.0)
    pixels = pixels + (soft - pixels) * softness
    pixels = pixels * uniform(0.85, 1.15) * uniform(0.95, 1.05, 3) + uniform(-0.12, 0.12)
    return pixels + torch.randn_like(pixels) * uniform(-0.02, 0.05).clamp(min=0.0)
