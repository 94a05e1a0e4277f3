"""A stream's complete state between two frames: immutable, on the CPU, as bytes without pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from operators.errors import EngineError
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FramePosition

FORMAT = 3
"""Version of the bytes; others are refused."""

_KEY = "flownar.stream"
_TENSORS = ("keys", "values")
_MEMORY = "memory."
_PRESENT = "present"


@dataclass(frozen=True, slots=True)
class StreamSnapshot:
    """What continues a stream with the same numbers.

    Attributes:
        settings: The stream's settings.
        model_hash: Of the model that the state belongs to; empty if unknown.
        rules: Name of the context rules that it was narrated by.
        position: The last frame inside; None if there is none.
        segment: Number of the open segment.
        num_frames, frames_since_narration, start, start_time_ns, last_narration_ns, end_of_turn_pending: See
            `stream.Stream`.
        p_skip_margin: See `stream.Stream`; None for infinite.
        next_position: Position of the next token.
        prompt, narrations, visual: (position, length) of the runs of visible tokens, see `regions`.
        memory: State of the visual history, by name; see `memory_slots.HistoryPool.export`.
        keys, values: Of the visible tokens, in the order of the runs [layers, L, kv_heads, D]; not rotated.
        present: Which of them passed through which routed layer, bool [routed layers, L]; None: none routes.
    """

    settings: StreamSettings
    model_hash: str
    rules: str
    position: FramePosition | None
    segment: int
    num_frames: int
    frames_since_narration: int
    start: FramePosition | None
    start_time_ns: int
    last_narration_ns: int
    p_skip_margin: float | None
    end_of_turn_pending: bool
    next_position: int
    prompt: tuple[tuple[int, int], ...]
    narrations: tuple[tuple[int, int], ...]
    visual: tuple[tuple[int, int], ...]
    memory: Mapping[str, Tensor]
    keys: Tensor
    values: Tensor
    present: Tensor | None = None

    def to_bytes(self) -> bytes:
        """Write as safetensors, with everything that is not a tensor as JSON in its header."""
        plain = {name: getattr(self, name) for name in _plain_names()}
        plain["settings"] = asdict(self.settings)
        for name in ("position", "start"):
            plain[name] = None if plain[name] is None else [plain[name].offset, plain[name].index]
        header = json.dumps({"format": FORMAT, **plain}, separators=(",", ":"))
        tensors = {name: getattr(self, name) for name in _TENSORS}
        tensors |= {_MEMORY + name: tensor for name, tensor in self.memory.items()}
        tensors |= {} if self.present is None else {_PRESENT: self.present}
        return save({name: tensor.contiguous() for name, tensor in tensors.items()}, {_KEY: header})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            EngineError: The bytes are damaged, no snapshot, or of another version.
        """
        try:
            tensors = load(data)
            length = int.from_bytes(data[:8], "little")
            header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_KEY])
            version = header.pop("format")
            if version == FORMAT:
                return cls(**_parsed(header, tensors))
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise EngineError(
                f"these bytes are no snapshot of a stream: {error!r}.",
                action="Use an older snapshot, or start the stream without one.",
            ) from error
        raise EngineError(
            f"the snapshot has format {version}, this version reads {FORMAT}.",
            action="Replay the stream with the version that wrote it, or start it without a snapshot.",
        )


def _plain_names() -> list[str]:
    tensors = {*_TENSORS, _PRESENT, "memory"}
    return [field.name for field in fields(StreamSnapshot) if field.name not in tensors]


def _parsed(header: dict[str, Any], tensors: dict[str, Tensor]) -> dict[str, Any]:
    parsed = {name: header[name] for name in _plain_names()}
    parsed |= {name: tensors[name] for name in _TENSORS}
    parsed["memory"] = {
        name.removeprefix(_MEMORY): tensor for name, tensor in tensors.items() if name.startswith(_MEMORY)
    }
    parsed[_PRESENT] = tensors.get(_PRESENT)
    parsed["settings"] = StreamSettings(**header["settings"])
    for name in ("position", "start"):
        parsed[name] = None if header[name] is None else FramePosition(*header[name])
    for name in ("prompt", "narrations", "visual"):
        parsed[name] = tuple((int(position), int(length)) for position, length in header[name])
    return parsed
