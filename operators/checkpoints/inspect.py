"""Look into a model folder without running the model."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from operators.checkpoints import folder
from operators.checkpoints.adapter import load_adapter
from operators.checkpoints.config import FlowNarConfig
from operators.checkpoints.report import (
    HalfLifeReport,
    ModelReport,
    PartReport,
    PieceReport,
    StreamReport,
)
from operators.checkpoints.tensors import check_shapes, read_tensors, shapes_of, without_prefix
from operators.checkpoints.tokenizer import load_tokenizer
from operators.memory.clam import Clam
from operators.memory.half_lives import bias_half_lives
from operators.narrator.decoder_config import DecoderConfig
from operators.narrator.layout import SequenceLayout

FLOAT32_BYTES = 4


def inspect_model(path: Path) -> ModelReport:
    """Read a model folder and check that its parts fit together.

    The vision tower's tensors are only counted: checking them takes transformers.

    Raises:
        CheckpointError: A file is missing or broken, or a tensor is missing, unexpected or mis-shaped.
        LayoutError: The tokenizer can't write the sequence layout.
    """
    config = folder.read_config(path)
    language = DecoderConfig.from_json(folder.read_json(path, folder.LANGUAGE_CONFIG))
    layout = SequenceLayout.from_tokenizer(load_tokenizer(path), config)
    weights = read_tensors(path / folder.LANGUAGE_WEIGHTS)
    if language.tied_head:
        weights.pop("lm_head.weight", None)  # some folders repeat the embedding
    check_shapes(language.weight_shapes(), shapes_of(weights), str(path / folder.LANGUAGE_WEIGHTS))
    _, clam = load_adapter(path, config, language.hidden_size)
    adapter = read_tensors(path / folder.ADAPTER)
    return ModelReport(
        path=str(path),
        hash=folder.model_hash(path),
        config=config,
        language=language,
        pieces=_pieces(layout),
        parts=(
            _part("vision", read_tensors(path / folder.VISION_WEIGHTS)),
            _part("language", weights),
            _part("connector", without_prefix(adapter, folder.CONNECTOR_PREFIX)),
            _part("memory", without_prefix(adapter, folder.CLAM_PREFIX)),
        ),
        stream=_stream(config, language, layout),
        half_lives=_half_lives(clam, config.fps),
    )


def _part(name: str, tensors: Mapping[str, Tensor]) -> PartReport:
    return PartReport(
        name=name,
        num_parameters=sum(tensor.numel() for tensor in tensors.values()),
        num_bytes=sum(tensor.nbytes for tensor in tensors.values()),
        dtypes=tuple(sorted({str(tensor.dtype).removeprefix("torch.") for tensor in tensors.values()})),
    )


def _pieces(layout: SequenceLayout) -> tuple[PieceReport, ...]:
    pieces = {
        "system": layout.system,
        "segment_open": layout.segment_open,
        "frames_open": layout.frames_open,
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


def _stream(config: FlowNarConfig, language: DecoderConfig, layout: SequenceLayout) -> StreamReport:
    per_token = 2 * language.num_layers * language.num_kv_heads * language.head_dim * FLOAT32_BYTES
    limits = config.limits
    longest = layout.num_segment_tokens(limits.max_segment_frames) + limits.max_new_tokens
    return StreamReport(
        num_frame_tokens=config.vision.num_frame_tokens,
        num_memory_tokens=config.memory.num_memory_tokens,
        num_segment_tokens=layout.num_segment_tokens(
            max(1, round(config.trigger.average_segment_s * config.fps))
        ),
        memory_bytes=config.clam.state_bytes,
        cache_bytes_per_token=per_token,
        max_cache_bytes=per_token * (limits.max_narration_tokens + longest),
    )


def _half_lives(clam: Clam, fps: float) -> tuple[HalfLifeReport, ...]:
    frames = (bias_half_lives(clam) / clam.config.tokens_per_frame).sort(dim=-1).values  # [layers, H, K]
    return tuple(
        HalfLifeReport(layer, head, tuple(channels), tuple(frames / fps for frames in channels))
        for layer, heads in enumerate(frames.tolist())
        for head, channels in enumerate(heads)
    )
