"""Second stage: the memory alone learns what is hidden where, read through linear heads at random moments.

From the language model's loss alone it does not: the few narrations that need memory are learned by heart
instead.
"""

import logging

import torch
from torch import Tensor, nn

from operators.checkpoints.config import FlowNarConfig
from operators.datasets.world import MEMORY_LABEL_SIZES
from operators.memory.histories.build import build_memory
from operators.training.label_heads import LabelHeads
from operators.training.optimiser import Stage
from operators.training.settings import StageSettings
from operators.training.video_bank import VideoBank

log = logging.getLogger(__name__)
LOG_EVERY = 100


class MemoryTrainer(nn.Module):
    """The memory that a config names, and heads on all of its tokens together."""

    def __init__(self, config: FlowNarConfig) -> None:
        super().__init__()
        self.memory = build_memory(config)
        width = config.memory.num_memory_tokens * config.vision.hidden_size
        self.heads = LabelHeads(width, MEMORY_LABEL_SIZES)

    def read(self, features: Tensor, read_frames: Tensor) -> Tensor:
        """Memory tokens [B, R, M, D] of features [B, F, N, D] after the frames [B, R]."""
        size = features.shape[2]
        return self.memory.forward_all(features.flatten(1, 2), read_frames.long() * size + size - 1)

    def loss(self, memory: Tensor, labels: Tensor) -> Tensor:
        """Loss of memory tokens [B, R, M, D] with labels [B, R, K]."""
        return self.heads.loss(memory.flatten(2), labels)

    @torch.no_grad()
    def right(self, features: Tensor, labels: Tensor) -> Tensor:
        """Read after every frame of videos: float [B, F, K], 1 if right, NaN if undefined."""
        videos, frames = features.shape[:2]
        places = torch.arange(frames, device=features.device).expand(videos, -1)
        memory = self.read(features.float(), places)
        return self.heads.right(memory.flatten(2), labels).view(videos, frames, -1)


def train_memory(
    trainer: MemoryTrainer, bank: VideoBank, settings: StageSettings, reads: int, noise: float
) -> None:
    """Train on videos drawn at random from the bank.

    Args:
        trainer: Memory and heads.
        bank: Videos with features.
        settings: Time and rates.
        reads: Places per video at which the memory is read.
        noise: Standard deviation of the noise on features, relative to theirs.
    """
    stage = Stage(settings, [trainer])
    scale = noise * float(bank.known_features()[:8].float().std())
    trainer.train()
    while not stage.is_over:
        videos = torch.randint(bank.count, (settings.batch,), device=bank.device)
        frames = torch.randint(bank.num_frames, (settings.batch, reads), device=bank.device)
        features = bank.known_features()[videos].float()
        features = features + scale * torch.randn_like(features)
        labels = bank.memory_labels[videos[:, None], frames]
        loss = trainer.loss(trainer.read(features, frames), labels)
        stage.step(loss)
        if stage.steps % LOG_EVERY == 1:
            log.info(
                "memory step %d, %d videos, loss %.3f, %.0f %% of the time",
                stage.steps,
                bank.count,
                loss.item(),
                100 * stage.progress,
            )
    trainer.eval()
    log.info("memory: %d steps of %d videos", stage.steps, settings.batch)
