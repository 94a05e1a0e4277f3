"""What there is to say about a model folder: frozen messages."""

from dataclasses import dataclass

from operators.checkpoints.config import FlowNarConfig
from operators.narrator.language.decoder_config import DecoderConfig


@dataclass(frozen=True, slots=True)
class PartReport:
    """One part's weights.

    Attributes:
        name: vision, language, lora, connector or memory.
        num_parameters: Numbers in all its tensors.
        num_bytes: Their size on disk.
        dtypes: Dtypes on disk; those of GGUF by their names there.
    """

    name: str
    num_parameters: int
    num_bytes: int
    dtypes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PieceReport:
    """One piece of the sequence layout.

    Attributes:
        name: Its name in `SequenceLayout`.
        text: What it spells.
        token_ids: Its tokens.
    """

    name: str
    text: str
    token_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HalfLifeReport:
    """Half-lives of one head of the memory, by the bias of its gate.

    Attributes:
        layer: Layer, from 0.
        head: Head, from 0.
        frames: Half-life of every key channel, frames, ascending.
        seconds: The same in seconds at the model's frame rate.
    """

    layer: int
    head: int
    frames: tuple[float, ...]
    seconds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What one live stream costs with float32 state and cache.

    Attributes:
        num_frame_tokens: N, tokens of a frame.
        num_memory_tokens: M, tokens of the memory at the start of a segment.
        num_segment_tokens: Tokens of a segment of average length, without its narration.
        memory_bytes: The memory's state; does not grow.
        cache_bytes_per_token: Keys and values of the language model, per token.
        max_cache_bytes: Keys and values at the limits: narrations kept, and the longest segment.
    """

    num_frame_tokens: int
    num_memory_tokens: int
    num_segment_tokens: int
    memory_bytes: int
    cache_bytes_per_token: int
    max_cache_bytes: int


@dataclass(frozen=True, slots=True)
class ModelReport:
    """Everything that `flownar model inspect` shows.

    Attributes:
        path: The folder.
        form: `merged` for a folder as this project writes it, `released` for base, adapter and settings.
        hash: Hash of its files, as narrations carry it.
        config: The project's settings.
        language: Sizes of the language model.
        pieces: The sequence layout.
        parts: Weights, part by part.
        stream: What a stream costs.
        half_lives: How long the memory remembers, head by head; empty if its kind has no such channels.
    """

    path: str
    form: str
    hash: str
    config: FlowNarConfig
    language: DecoderConfig
    pieces: tuple[PieceReport, ...]
    parts: tuple[PartReport, ...]
    stream: StreamReport
    half_lives: tuple[HalfLifeReport, ...]
