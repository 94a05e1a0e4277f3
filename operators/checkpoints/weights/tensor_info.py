"""What a weight file's header says of a tensor, without reading it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

DTYPES = {
    "F64": ("float64", 8),
    "F32": ("float32", 4),
    "F16": ("float16", 2),
    "BF16": ("bfloat16", 2),
    "I64": ("int64", 8),  # counters that old versions of transformers saved with vision towers
}
"""Names of dtypes in the headers, torch's names, and bytes of a number."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """What a header says of a tensor.

    Attributes:
        shape: Sizes.
        dtype: Of its numbers on disk.
        num_bytes: On disk.
    """

    shape: tuple[int, ...]
    dtype: str
    num_bytes: int

    @property
    def num_parameters(self) -> int:
        """Numbers in it."""
        return math.prod(self.shape)


def of_prefix(infos: Mapping[str, TensorInfo], prefix: str) -> list[TensorInfo]:
    """The tensors whose names start with the prefix."""
    return [info for name, info in infos.items() if name.startswith(prefix)]
