"""A whole training run: tokenizer, rendering beside the training, three stages, export."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from operators.checkpoints.config import LayoutConfig
from operators.datasets.world import MEMORY_LABEL_SIZES, all_texts
from operators.encoder.frame_encoder import FrameEncoder
from operators.narrator.sequences.layout import SequenceLayout
from operators.training.attention import BLOCK
from operators.training.export import export_model
from operators.training.features import encode_all
from operators.training.language import LanguageTrainer, train_language, warm_up
from operators.training.memory import MemoryTrainer, train_memory
from operators.training.memory_age import accuracy_by_age, hidden_ages, mean_defined
from operators.training.packing import PackSizes
from operators.training.rendering import RenderPool
from operators.training.samples import SampleMaker, VideoSample
from operators.training.settings import TrainingSettings
from operators.training.tokenizer import train_tokenizer
from operators.training.tower import TowerTrainer, new_tower, train_tower
from operators.training.video_bank import VideoBank
from operators.training.video_feed import VideoFeed

log = logging.getLogger(__name__)
FIRST_VIDEOS = 120
"""Videos rendered before the first step: fewer would be learned by heart while the rest is rendered."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a run found out.

    Attributes:
        num_videos: Training videos that were rendered in time.
        tower_accuracy: Share of the labels read right on validation videos, by label.
        memory_accuracy: Likewise of the memory at the end, by label.
        memory_by_age: Likewise for hidden things, by how long they have been hidden.
        losses: Of the last stage.
        validation: The validation videos.
    """

    num_videos: int
    tower_accuracy: dict[str, float]
    memory_accuracy: dict[str, float]
    memory_by_age: dict[str, float]
    losses: list[float]
    validation: tuple[VideoSample, ...]


def run_training(settings: TrainingSettings, out: Path, device: torch.device) -> TrainingResult:
    """Train a model and write its folder.

    Args:
        settings: Sizes, data, stages.
        out: The model folder; files in it are replaced.
        device: Where to train.

    Raises:
        RuntimeError: Rendering failed.
    """
    torch.manual_seed(settings.seed)
    torch.set_float32_matmul_precision("high")
    sizes = pack_sizes(settings)
    tokenizer = train_tokenizer(all_texts(), LayoutConfig(), settings.sizes.vocab_size)
    data = settings.data
    validation_seeds = range(data.validation_seed, data.validation_seed + data.num_validation)
    train_seeds = range(data.first_seed, data.first_seed + data.num_videos)
    early = min(FIRST_VIDEOS, data.num_videos)
    seeds = [*train_seeds[:early], *validation_seeds, *train_seeds[early:]]
    maker = SampleMaker(settings, tokenizer.to_str(), sizes)
    with RenderPool(maker, seeds, data.num_workers) as renderer:
        bank = VideoBank(data.num_videos, settings, sizes, device)
        with VideoFeed(renderer, bank, validation_seeds) as feed:
            tower = new_tower(settings.sizes, settings.model_config(1).vision, device)
            memory = MemoryTrainer(settings.model_config(1)).to(device)
            language = new_language(settings, tokenizer, memory, device)
            feed.wait(1, 0)
            warm_up(language, bank, settings.language.batch)
            feed.wait(early, 0)
            train_tower(tower, bank, settings.tower)
            feed.wait(early, data.num_validation)
            encoder = tower.encoder()
            bank.freeze(encoder)
            tower_accuracy = _log("tower", _tower_accuracy(tower, encoder, feed.validation))

            train_memory(memory, bank, settings.memory, settings.memory_reads, settings.memory_noise)
            for figures in _memory_accuracy(memory, encoder, feed.validation, data.fps):
                _log("memory alone", figures)

            losses = train_language(
                language,
                bank,
                settings.language,
                auxiliary_weight=settings.auxiliary_weight,
                noise=settings.feature_noise,
            )
            memory_accuracy, memory_by_age = _memory_accuracy(memory, encoder, feed.validation, data.fps)
            _log("memory", memory_accuracy)
            _log("memory by age", memory_by_age)
        config = settings.model_config(bank.largest_position())
        export_model(out, config, settings.sizes, encoder.tower, language, tokenizer)
        return TrainingResult(
            num_videos=bank.count,
            tower_accuracy=tower_accuracy,
            memory_accuracy=memory_accuracy,
            memory_by_age=memory_by_age,
            losses=losses,
            validation=tuple(feed.validation),
        )


def pack_sizes(settings: TrainingSettings) -> PackSizes:
    """Room for the densest videos: a narration every 3.8 seconds on average."""
    vision = settings.model_config(1).vision
    data, memory_tokens = settings.data, settings.sizes.num_memory_tokens
    segments = int(data.duration_s / 3.8) + 2
    rows = 64 + data.num_frames * (vision.num_frame_tokens + 1) + segments * (memory_tokens + 20)
    return PackSizes(
        rows=-(-rows // BLOCK) * BLOCK,
        reads=segments,
        frame_tokens=data.num_frames * vision.num_frame_tokens,
        memory_tokens=memory_tokens,
    )


def new_language(
    settings: TrainingSettings, tokenizer: Tokenizer, memory: MemoryTrainer, device: torch.device
) -> LanguageTrainer:
    """An untrained decoder and connector around a memory."""
    layout = SequenceLayout.from_tokenizer(tokenizer, settings.model_config(1))
    answers = (layout.close[0], layout.skip)
    return LanguageTrainer(settings.sizes, tokenizer.get_vocab_size(), memory, answers).to(device)


def _tower_accuracy(
    tower: TowerTrainer, encoder: FrameEncoder, validation: list[VideoSample]
) -> dict[str, float]:
    features = torch.cat([encode_all(encoder, torch.from_numpy(sample.frames)) for sample in validation])
    labels = np.concatenate([sample.labels for sample in validation])
    return tower.accuracy(features, torch.from_numpy(labels).to(features.device))


def _memory_accuracy(
    memory: MemoryTrainer, encoder: FrameEncoder, validation: list[VideoSample], fps: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Accuracy by label, and by age of what is hidden."""
    rights, ages = [], []
    for sample in validation:
        features = encode_all(encoder, torch.from_numpy(sample.frames))[None]
        labels = torch.from_numpy(sample.memory_labels)[None].to(features.device)
        rights.append(memory.right(features, labels)[0].cpu().double().numpy())
        ages.append(hidden_ages(sample.memory_labels, fps))
    right = np.concatenate(rights)
    by_label = {name: mean_defined(right[:, column]) for column, name in enumerate(MEMORY_LABEL_SIZES)}
    return by_label, accuracy_by_age(right, np.concatenate(ages))


def _log(title: str, shares: dict[str, float]) -> dict[str, float]:
    log.info("%s: %s", title, ", ".join(f"{name} {share:.3f}" for name, share in shares.items()))
    return shares
