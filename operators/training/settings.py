"""What a training run of the world's model is made of: sizes, data, stages and their time."""

from dataclasses import dataclass, field

from operators.checkpoints.config import FlowNarConfig, LimitsConfig, MemoryConfig, VisionConfig

MAX_SEGMENT_FRAMES = 40
"""Frames of a segment: 20 s at 2 frames a second, twice the longest in the world."""

OVERHEAD_S = 90.0
"""Time beside the stages: imports, first videos, compilation, features, scores."""


@dataclass(frozen=True, slots=True)
class ModelSizes:
    """Sizes of the three networks.

    Attributes:
        image_size: Side of the frames, pixels.
        patch_size: Side of a patch, pixels.
        width: D, width of the vision tower, the memory and the language model.
        vision_layers: Layers of the vision tower.
        vision_mlp: Hidden width of its MLPs.
        memory_kind: `clam`, `retnet` or `token_mlp`.
        num_memory_tokens: M.
        language_layers: Layers of the decoder.
        language_mlp: Hidden width of its MLPs.
        num_heads: Attention heads of tower, memory and decoder.
        vocab_size: Upper bound of the tokenizer's vocabulary.
    """

    image_size: int = 144
    patch_size: int = 12
    width: int = 256
    vision_layers: int = 6
    vision_mlp: int = 768
    memory_kind: str = "clam"
    num_memory_tokens: int = 12
    language_layers: int = 4
    language_mlp: int = 768
    num_heads: int = 8
    vocab_size: int = 768


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Which videos are rendered, and how they are sampled.

    Attributes:
        first_seed: Seed of the first training video.
        num_videos: Most videos that are rendered; the end of the run may come earlier.
        num_framed_videos: Most of them whose frames are kept until the tower is trained: 25 MB each.
        duration_s: Length of a video. Shorter ones are its beginnings, so one length trains all.
        fps: Frames per second that the model sees.
        jitter_s: Largest deviation of a capture time from the regular grid.
        full_size_share: Share of the videos rendered at 384 pixels and resized by area.
        jpeg_share: Share of the videos whose frames go through JPEG.
        plans_per_video: Different segmentations (late, early, folded) prepared for a video.
        num_workers: Rendering processes.
        num_validation: Videos of the validation set.
        validation_seed: Seed of the first of them.
        validation_s: Their length.
    """

    first_seed: int = 0
    num_videos: int = 10_000
    num_framed_videos: int = 3000
    duration_s: float = 200.0
    fps: float = 2.0
    jitter_s: float = 0.06
    full_size_share: float = 0.12
    jpeg_share: float = 0.5
    plans_per_video: int = 4
    num_workers: int = 15
    num_validation: int = 24
    validation_seed: int = 100_000
    validation_s: float = 180.0

    @property
    def num_frames(self) -> int:
        """Frames sampled from a video."""
        return int(self.duration_s * self.fps) - 1


@dataclass(frozen=True, slots=True)
class StageSettings:
    """Time and optimiser of one stage. The learning rate falls to zero as the time runs out.

    Attributes:
        time_s: Wall-clock time of the stage.
        batch: Frames (tower) or videos (memory, language) per step.
        learning_rate: Its peak.
        warmup_steps: Steps until the peak.
        max_steps: The stage also ends after this many steps; None leaves it to the time.
        weight_decay: Of matrices; vectors have none.
    """

    time_s: float
    batch: int
    learning_rate: float
    warmup_steps: int = 200
    max_steps: int | None = None
    weight_decay: float = 0.05


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """A whole run.

    Attributes:
        tower: Vision tower on direct labels.
        memory: Memory alone, on what a perfect memory knows.
        language: Decoder, connector and memory together.
        auxiliary_weight: Weight of the memory's own loss in the last stage.
        feature_noise: Standard deviation of the noise on frame tokens, relative to theirs.
        memory_noise: Likewise in the memory's own stage, which learns videos by heart without it.
        memory_reads: Places per video at which the memory is read in its own stage.
        late_share, early_share: Share of the segments that end one frame late, one frame early.
        fold_share: Share of the segments that are folded silently once in their middle.
        retained_share: Share of the videos that see only the last `retained` narrations.
        retained: See `retained_share`.
        gate_bias_init: Range of the memory's gate biases at the start.
        seed: Of weights and sampling.
    """

    tower: StageSettings
    memory: StageSettings
    language: StageSettings
    sizes: ModelSizes = field(default_factory=ModelSizes)
    data: DataSettings = field(default_factory=DataSettings)
    auxiliary_weight: float = 0.3
    feature_noise: float = 0.1
    memory_noise: float = 0.2
    memory_reads: int = 48
    late_share: float = 0.25
    early_share: float = 0.1
    fold_share: float = 0.02
    retained_share: float = 0.15
    retained: int = 10
    gate_bias_init: tuple[float, float] = (4.0, 9.0)
    seed: int = 0

    def model_config(self, max_trained_position: int) -> FlowNarConfig:
        """The config.json of the model that this run trains."""
        return FlowNarConfig(
            vision=VisionConfig(image_size=self.sizes.image_size, hidden_size=self.sizes.width),
            memory=MemoryConfig(
                num_memory_tokens=self.sizes.num_memory_tokens,
                num_heads=self.sizes.num_heads,
                gate_bias_init=self.gate_bias_init,
                kind=self.sizes.memory_kind,
            ),
            limits=LimitsConfig(
                max_trained_position=max_trained_position, max_segment_frames=MAX_SEGMENT_FRAMES
            ),
            fps=self.data.fps,
        )


def demo_settings(total_s: float, num_workers: int) -> TrainingSettings:
    """The settings of the model in the repository, for about `total_s` seconds of one large GPU."""
    training_s = total_s - OVERHEAD_S
    return TrainingSettings(
        tower=StageSettings(time_s=0.32 * training_s, batch=1024, learning_rate=8e-4),
        memory=StageSettings(time_s=0.24 * training_s, batch=64, learning_rate=2e-3, warmup_steps=100),
        language=StageSettings(time_s=0.44 * training_s, batch=16, learning_rate=1.5e-3),
        data=DataSettings(num_workers=num_workers),
    )


def smoke_settings(num_workers: int = 1) -> TrainingSettings:
    """A run of seconds on a CPU: shows that all stages work, not that anything is learned."""
    return TrainingSettings(
        tower=StageSettings(time_s=60.0, batch=16, learning_rate=1e-3, warmup_steps=2, max_steps=6),
        memory=StageSettings(time_s=60.0, batch=2, learning_rate=1e-3, warmup_steps=2, max_steps=4),
        language=StageSettings(time_s=60.0, batch=2, learning_rate=1e-3, warmup_steps=2, max_steps=4),
        sizes=ModelSizes(
            image_size=48,
            patch_size=12,
            width=32,
            vision_layers=1,
            vision_mlp=64,
            num_memory_tokens=3,
            language_layers=1,
            language_mlp=64,
            num_heads=2,
            vocab_size=320,
        ),
        data=DataSettings(
            num_videos=4,
            duration_s=30.0,
            plans_per_video=2,
            num_workers=num_workers,
            num_validation=1,
            validation_s=30.0,
        ),
    )
