"""Weight files in safetensors, single or sharded, read tensor by tensor; pickles are refused."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from operators.checkpoints.files import read_json
from operators.checkpoints.weights.tensor_info import DTYPES, TensorInfo
from operators.checkpoints.weights.tensors import MEND
from operators.errors import CheckpointError

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
"""Files that run whatever code they hold when they are read."""

CONVERT = (
    "Pickle files can run any code and are never read here. Where you trust the source, convert once: "
    "transformers' from_pretrained(FOLDER).save_pretrained(OUT) writes safetensors, and for an adapter "
    "safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'adapter_model.safetensors')."
)


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """The shards of one set of weights.

    Attributes:
        paths: In the order of their names; at least one.
        index: model.safetensors.index.json, if the weights have one.
    """

    paths: tuple[Path, ...]
    index: Path | None = None

    @classmethod
    def find(cls, folder: Path, stem: str = "model") -> "WeightFiles":
        """The weights `stem`.safetensors of a folder, or the shards that `stem`.safetensors.index.json names.

        Raises:
            CheckpointError: There are none, a shard is missing, or there are only pickles.
        """
        single, index = folder / f"{stem}.safetensors", folder / f"{stem}.safetensors.index.json"
        if single.is_file():
            return cls((single,))
        if index.is_file():
            return cls(_shards(index), index)
        pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
        if pickles:
            raise CheckpointError(
                f"{single} is missing; the folder has its weights only as a pickle: {pickles[0]}.",
                action=CONVERT,
            )
        raise CheckpointError(f"{single} is missing.", action=f"The folder must hold it: {MEND}")

    @property
    def files(self) -> tuple[Path, ...]:
        """All files, the index included."""
        return self.paths if self.index is None else (*self.paths, self.index)

    @property
    def where(self) -> str:
        """Name of the weights, for messages."""
        return str(self.index or self.paths[0])

    def infos(self) -> dict[str, TensorInfo]:
        """All tensors by their names; only the headers are read.

        Raises:
            CheckpointError: A file is broken, or a tensor's dtype is not a floating one.
        """
        found: dict[str, TensorInfo] = {}
        for path in self.paths:
            with _open(path) as file:
                for name in file.keys():  # noqa: SIM118 (no mapping)
                    view = file.get_slice(name)
                    shape, dtype = tuple(view.get_shape()), view.get_dtype()
                    if dtype not in DTYPES:
                        raise CheckpointError(
                            f"{path}: tensor {name!r} has the dtype {dtype}, which is not supported.",
                            action=f"Give weights in {', '.join(name for name, _ in DTYPES.values())}.",
                        )
                    torch_name, num_bytes = DTYPES[dtype]
                    found[name] = TensorInfo(shape, torch_name, num_bytes * math.prod(shape))
        return found

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of all tensors; as `infos`."""
        return {name: info.shape for name, info in self.infos().items()}

    def read(self, name: str) -> Tensor:
        """One tensor, on the CPU with the dtype on disk.

        Raises:
            CheckpointError: It is not there, or a file is broken.
        """
        for path in self.paths:
            with _open(path) as file:
                if name in file.keys():  # noqa: SIM118 (no mapping)
                    tensor: Tensor = file.get_tensor(name)
                    return tensor
        raise CheckpointError(f"{self.where}: tensor {name!r} is missing.", action=MEND.capitalize())

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """All tensors one after another, on the CPU with the dtypes on disk.

        Raises:
            CheckpointError: A file is broken.
        """
        for path in self.paths:
            with _open(path) as file:
                for name in file.keys():  # noqa: SIM118 (no mapping)
                    yield name, file.get_tensor(name)


def _open(path: Path) -> safe_open:
    try:
        return safe_open(path, framework="pt")
    except SafetensorError as error:
        raise CheckpointError(
            f"{path} is no readable safetensors file: {error}.", action=MEND.capitalize()
        ) from error


def _shards(index: Path) -> tuple[Path, ...]:
    shards = read_json(index.parent, index.name).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise CheckpointError(f"{index}: has no weight_map.", action=MEND.capitalize())
    names = sorted({str(name) for name in shards.values()})
    for name in names:
        if Path(name).name != name:
            raise CheckpointError(f"{index}: the shard {name!r} does not lie in the same folder.")
        if not (index.parent / name).is_file():
            raise CheckpointError(
                f"{index.parent / name} is missing, but {index.name} names it.", action=MEND.capitalize()
            )
    return tuple(index.parent / name for name in names)
