"""flownar_config.json of a released model, and the released defaults where there is none."""

from dataclasses import dataclass

from operators.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class ReleasedSettings:
    """The keys of flownar_config.json, all optional. None: not recorded.

    Sizes are compared with the tensors, ids of texts with the tokenizer. The keys from `vision_mask` on
    describe the training and are not used.

    Attributes:
        vision_hidden_size: D, width of the frame tokens.
        num_m_tokens: M, memory tokens.
        learnable_memory_tgt: The memory's queries start from a learned matrix.
        clam_n_layers: Layers of the memory.
        frame_num_tokens: N, tokens of a frame.
        clam_n_head: Heads of the memory.
        frame_token_cls: The pooled token comes first.
        frame_token_pooled: (rows, columns) of the grid of patches.
        frame_resolution: Side of the frames, pixels; if not recorded, that of the vision tower, or 384.
        frame_fps: Frames per second.
        frame_token_interval: [SKIP].
        max_new_tokens: Of one narration.
        avg_duration_frames: Typical length of a segment, frames.
        decoding_threshold, decoding_threshold_low: Of p([SKIP]) after a typical length, and before.

    Raises:
        CheckpointError: The frame rate is not positive.
    """

    vision_hidden_size: int | None = None
    num_m_tokens: int | None = None
    learnable_memory_tgt: bool | None = None
    clam_n_layers: int | None = None
    frame_num_tokens: int | None = None
    clam_n_head: int = 8
    frame_token_cls: bool = True
    frame_token_pooled: tuple[int, int] | None = (3, 3)
    frame_resolution: int | None = None
    frame_fps: float = 2.0
    frame_token_interval: str = ","  # noqa: S105 (no password)
    frame_token_interval_id: int | None = None
    open_bracket_id: int | None = None
    end_stream_id: int | None = None
    newline_id: int | None = None
    assistant_id: int | None = None
    colon_id: int | None = None
    bos_token_id: int | None = None
    eos_token_id: int | None = None
    system_prompt: str = (
        "A multimodal AI assistant is helping users with some activities. Below is their conversation, "
        "interleaved with the list of video frames received by the assistant."
    )
    user_prompt: str = "Please concisely narrate the video in real time."
    max_new_tokens: int = 100
    avg_duration_frames: int = 8
    decoding_threshold: float = 0.8
    decoding_threshold_low: float = 0.5
    enable_vision_memory: bool = True
    vision_mask: bool = True
    v_placeholder: str = "<v>"
    v_placeholder_id: int | None = None
    m_placeholder: str = "<m>"
    m_placeholder_id: int | None = None
    stream_loss_weight: float = 1.0
    lora_r: int | None = None
    lora_alpha: int | None = None
    narration_start_id_for_mask: int | None = None
    narration_end_id_for_mask: int | None = None
    len_tokenizer: int | None = None

    def __post_init__(self) -> None:
        if not self.frame_fps > 0:
            raise CheckpointError(f"flownar_config.json: frame_fps is {self.frame_fps}, it must be above 0.")
