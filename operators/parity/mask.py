"""The masks of the authors' training against the recorded ones."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from operators.narrator.sequences.reference_mask import reference_mask
from operators.parity.comparison import Comparison, FileResult


def check_mask(folder: Path) -> Iterator[FileResult]:
    """Compare every `mask/mask_*.npz` of a folder, cell by cell and exactly.

    Args:
        folder: Layout of `tests/golden`; all ids and sizes come from the files.

    Yields:
        One result a file, in the order of names; its difference is the number of cells that differ.

    Raises:
        OperatorError: The ids of a file are no sequence of the layout.
    """
    for path in sorted((folder / "mask").glob("mask_*.npz")):
        with np.load(path) as recorded:
            ours = reference_mask(
                torch.from_numpy(recorded["input_ids"]),
                vision_id=int(recorded["v_id"]),
                memory_id=_or_none(recorded["m_id"]),
                skip_id=int(recorded["separator_id"]),
                narration_start_id=int(recorded["narration_start_id"]),
                narration_end_id=int(recorded["narration_end_id"]),
                last_k=_or_none(recorded["last_k_narration"]),
                num_frame_tokens=int(recorded["frame_num_tokens"]),
                num_memory_tokens=int(recorded["num_m_tokens"]),
            ).numpy()
            comparison = Comparison(str(path.relative_to(folder)), "mask")
            compare_masks(comparison, ours, recorded["may_attend"])
            yield comparison.result()


def compare_masks(comparison: Comparison, ours: np.ndarray, recorded: np.ndarray) -> None:
    """Note how many cells of two masks [L, L] differ, and the first that does."""
    if ours.shape == recorded.shape:
        num_different = np.count_nonzero(ours != recorded)
        comparison.close("cells of may_attend that differ", [num_different], [0], 0.0)
    comparison.close("may_attend", ours, recorded, 0.0)


def _or_none(number: np.ndarray) -> int | None:
    """The recorded files write -1 where something is off."""
    return None if number < 0 else int(number)
