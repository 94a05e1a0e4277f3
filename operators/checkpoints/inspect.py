"""Look into a model folder without running the model."""

from pathlib import Path

from operators.checkpoints.adapter import build_adapter
from operators.checkpoints.config import FlowNarConfig
from operators.checkpoints.files import hash_files
from operators.checkpoints.report import (
    HalfLifeReport,
    ModelReport,
    PartReport,
    PieceReport,
    StreamReport,
)
from operators.checkpoints.sequence_layout import read_layout
from operators.checkpoints.source import open_source
from operators.checkpoints.weights.tensor_info import TensorInfo
from operators.memory.half_lives import bias_half_lives
from operators.memory.histories.build import LearnedHistory
from operators.memory.histories.clam import ClamHistory
from operators.narrator.language.decoder_config import DecoderConfig
from operators.narrator.sequences.layout import SequenceLayout

FLOAT32_BYTES = 4


def inspect_model(path: Path) -> ModelReport:
    """Read a model folder of any form and check that its parts fit together.

    The vision tower's tensors are only counted: checking them takes transformers. Of the other weights only
    names and shapes are looked at, but for those of the memory.

    Raises:
        CheckpointError: A file is missing or broken, or a tensor is missing, unexpected or mis-shaped.
        LayoutError: The tokenizer can't write the sequence layout.
    """
    source = open_source(path)
    config, language = source.config(), DecoderConfig.from_json(source.language_config())
    layout = read_layout(source, language.vocab_size)
    source.language_tensors()  # checks all names and shapes; nothing is read before the first is asked for
    _, memory = build_adapter(source.adapter(), config, language.hidden_size)
    return ModelReport(
        path=str(path),
        form=source.form,
        hash=hash_files(source.files()),
        config=config,
        language=language,
        pieces=_pieces(layout),
        parts=tuple(_part(name, tensors) for name, tensors in source.parts().items()),
        stream=_stream(config, language, layout, memory.state_bytes),
        half_lives=_half_lives(memory, config.fps),
    )


def _part(name: str, tensors: list[TensorInfo]) -> PartReport:
    return PartReport(
        name=name,
        num_parameters=sum(tensor.num_parameters for tensor in tensors),
        num_bytes=sum(tensor.num_bytes for tensor in tensors),
        dtypes=tuple(sorted({tensor.dtype for tensor in tensors})),
    )


def _pieces(layout: SequenceLayout) -> tuple[PieceReport, ...]:
    pieces = {
        "system": layout.system,
        "opening_bracket": layout.opening_bracket,
        "newline": layout.newline,
        "open": layout.open,
        "skip": (layout.skip,),
        "close": layout.close,
        "user": layout.user(None),
        "reply": layout.reply,
        "end_of_turn": (layout.end_of_turn,),
    }
    return tuple(
        PieceReport(name, layout.tokenizer.decode(list(ids), skip_special_tokens=False), ids)
        for name, ids in pieces.items()
    )


def _stream(
    config: FlowNarConfig, language: DecoderConfig, layout: SequenceLayout, memory_bytes: int
) -> StreamReport:
    per_token = 2 * language.num_layers * language.num_kv_heads * language.head_dim * FLOAT32_BYTES
    limits = config.limits
    longest = layout.num_segment_tokens(limits.max_segment_frames) + limits.max_new_tokens
    return StreamReport(
        num_frame_tokens=config.vision.num_frame_tokens,
        num_memory_tokens=config.memory.num_memory_tokens,
        num_segment_tokens=layout.num_segment_tokens(
            max(1, round(config.trigger.average_segment_s * config.fps))
        ),
        memory_bytes=memory_bytes,
        cache_bytes_per_token=per_token,
        max_cache_bytes=per_token * (limits.max_narration_tokens + longest),
    )


def _half_lives(memory: LearnedHistory, fps: float) -> tuple[HalfLifeReport, ...]:
    if not isinstance(memory, ClamHistory):
        return ()  # no channels that fade at a rate of their own
    clam = memory.clam
    frames = (bias_half_lives(clam) / clam.config.tokens_per_frame).sort(dim=-1).values  # [layers, H, K]
    return tuple(
        HalfLifeReport(layer, head, tuple(channels), tuple(frames / fps for frames in channels))
        for layer, heads in enumerate(frames.tolist())
        for head, channels in enumerate(heads)
    )
