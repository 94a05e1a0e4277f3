"""config.json of a model folder: what the weights mean and how the model was trained to be used."""

from dataclasses import dataclass, field
from typing import Self

from operators.checkpoints.typed_json import from_json_text, to_json_text
from operators.errors import CheckpointError
from operators.memory.config import ClamConfig


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """How frames become tokens.

    Attributes:
        image_size: S, side of the square frames, pixels.
        hidden_size: D, width of the frame tokens.
        pooled_grid: (rows, columns) that the patch tokens are average-pooled to; (0, 0) for none of them.
        pooled_token: The tower's attention-pooled token stands before the grid.
    """

    image_size: int
    hidden_size: int
    pooled_grid: tuple[int, int] = (3, 3)
    pooled_token: bool = True

    @property
    def num_frame_tokens(self) -> int:
        """N, tokens per frame."""
        return self.pooled_grid[0] * self.pooled_grid[1] + int(self.pooled_token)


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """The memory that the model was trained with; see `operators.memory.config.ClamConfig` for the sizes.

    Attributes:
        kind: `clam`, `retnet` or `token_mlp`: the visual histories that have weights.
    """

    num_memory_tokens: int
    num_heads: int = 8
    num_layers: int = 1
    learnable_start: bool = False
    gate_bias_init: tuple[float, float] | None = None
    kind: str = "clam"


@dataclass(frozen=True, slots=True)
class LayoutConfig:
    """The texts between frames, memory and narrations; `SequenceLayout` says how they are joined.

    Attributes:
        system_prompt: First text of every stream.
        system_end: Ends the system prompt and is tokenised together with it. Where it is empty, `newline`
            stands before the opening's bracket instead.
        user_prompt: What the model is asked for, unless a stream has its own.
        skip: [SKIP], between frames; must be a single token.
        open: Before frames and memory.
        close: After frames and memory, newline included.
        newline: Between a narration's end and what follows.
        user: Before the user prompt.
        assistant: Before a narration.
        colon: After `assistant`.
        bos_token: Beginning of text, a special token of the tokenizer.
        eos_token: End of turn, a special token of the tokenizer.
        clean_up_spaces: Blanks before punctuation and within contractions are removed from decoded text, as
            the authors' version of transformers does for tokenizers that ask for it.
    """

    system_prompt: str = "Frames of a live video arrive one after another."
    system_end: str = ""
    user_prompt: str = "Narrate what happens, briefly."
    skip: str = ","
    open: str = "["
    close: str = "]\n"
    newline: str = "\n"
    user: str = "User: "
    assistant: str = "Assistant"
    colon: str = ":"
    bos_token: str = "<bos>"  # noqa: S105 (no password)
    eos_token: str = "<eos>"  # noqa: S105
    clean_up_spaces: bool = False


@dataclass(frozen=True, slots=True)
class TriggerConfig:
    """When the model speaks; architecture: p([SKIP]) <= theta.

    Attributes:
        theta: Threshold once more than `average_segment_s` have passed since the last narration.
        theta_low: Threshold before that.
        average_segment_s: Typical length of a segment, seconds.
    """

    theta: float = 0.8
    theta_low: float = 0.5
    average_segment_s: float = 4.0


@dataclass(frozen=True, slots=True)
class LimitsConfig:
    """Bounds that no stream passes.

    Attributes:
        max_trained_position: Largest position id that training has seen; positions are rebased before it.
        max_new_tokens: Tokens of one narration; end of turn is forced at the last.
        max_narration_tokens: Tokens of kept narrations per stream; the oldest narration goes first.
        max_segment_frames: Frames of one segment; a longer one folds silently into the memory.
        max_visual_tokens: Visual tokens that a stream with the history `retain_all` keeps; the oldest frames
            go first.
    """

    max_trained_position: int = 4096
    max_new_tokens: int = 32
    max_narration_tokens: int = 1024
    max_segment_frames: int = 64
    max_visual_tokens: int = 8192


@dataclass(frozen=True, slots=True)
class FlowNarConfig:
    """All settings that belong to the weights.

    Attributes:
        vision: How frames become tokens.
        memory: Sizes of the memory.
        layout: Texts between frames, memory and narrations.
        trigger: When the model speaks.
        limits: Bounds that no stream passes.
        fps: Frames per second that the model was trained with.
        rules: Name of the context rules that it was trained for; see `operators.narrator.context`.
        model_type: Always `flownar`; tells the folder from other Hugging Face folders.
    """

    vision: VisionConfig
    memory: MemoryConfig
    layout: LayoutConfig = field(default_factory=LayoutConfig)
    trigger: TriggerConfig = field(default_factory=TriggerConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    fps: float = 2.0
    rules: str = "paper"
    model_type: str = "flownar"

    def __post_init__(self) -> None:
        positive = {
            "vision.image_size": self.vision.image_size,
            "vision.num_frame_tokens": self.vision.num_frame_tokens,
            "trigger.average_segment_s": self.trigger.average_segment_s,
            "limits.max_trained_position": self.limits.max_trained_position,
            "limits.max_new_tokens": self.limits.max_new_tokens,
            "limits.max_narration_tokens": self.limits.max_narration_tokens,
            "limits.max_segment_frames": self.limits.max_segment_frames,
            "limits.max_visual_tokens": self.limits.max_visual_tokens,
            "fps": self.fps,
        }
        for name, value in positive.items():
            if not value > 0:
                raise CheckpointError(f"model config: {name} is {value}, it must be above 0.")
        if self.vision.pooled_grid != (0, 0) and min(self.vision.pooled_grid) < 1:
            raise CheckpointError(
                f"model config: vision.pooled_grid is {list(self.vision.pooled_grid)}: rows and columns must "
                "both be above 0, or both 0 for no grid."
            )
        for name, theta in {"theta": self.trigger.theta, "theta_low": self.trigger.theta_low}.items():
            if not 0 < theta < 1:
                raise CheckpointError(
                    f"model config: trigger.{name} is {theta}, but 0 < {name} < 1 must hold."
                )
        _ = self.clam  # checks the memory's sizes
        if self.model_type != "flownar":
            raise CheckpointError(
                f"model config: model_type is {self.model_type!r}, not 'flownar'.",
                action="Give the folder that holds vision/, language/ and adapter.safetensors.",
            )

    @property
    def clam(self) -> ClamConfig:
        """The memory's sizes, joined with those of the frames."""
        memory = self.memory
        return ClamConfig(
            model_dim=self.vision.hidden_size,
            num_memory_tokens=memory.num_memory_tokens,
            num_heads=memory.num_heads,
            num_layers=memory.num_layers,
            learnable_start=memory.learnable_start,
            gate_bias_init=memory.gate_bias_init,
            tokens_per_frame=self.vision.num_frame_tokens,
        )

    def to_json(self) -> str:
        """The text of config.json, with all keys."""
        return to_json_text(self)

    @classmethod
    def from_json(cls, text: str, where: str = "config.json") -> Self:
        """Parse and check the text of config.json.

        Args:
            text: JSON.
            where: Name of the source, for messages.

        Raises:
            CheckpointError: No valid JSON, an unknown, missing or ill-typed key, or a value out of range.
            OperatorError: The memory's sizes don't fit together.
        """
        return from_json_text(cls, text, where)
