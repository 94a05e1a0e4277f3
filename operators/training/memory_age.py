"""How well a memory knows what is hidden, by how long ago it went out of sight."""

import numpy as np
from numpy.typing import NDArray

AGE_EDGES_S = (0.0, 7.0, 14.0, 26.0, 60.0)
"""Lower edges of the groups of ages, seconds."""


def hidden_ages(labels: NDArray[np.int16], fps: float) -> NDArray[np.float64]:
    """Time since each memory label last changed, seconds.

    Args:
        labels: int16 [F, K]; 0 or less means that nothing is hidden.
        fps: Frames per second.

    Returns:
        [F, K], NaN where nothing is hidden.
    """
    ages = np.zeros(labels.shape)
    for frame in range(1, len(labels)):
        same = labels[frame] == labels[frame - 1]
        ages[frame] = np.where(same, ages[frame - 1] + 1.0 / fps, 0.0)
    ages[labels <= 0] = np.nan
    return ages


def accuracy_by_age(right: NDArray[np.float64], ages: NDArray[np.float64]) -> dict[str, float]:
    """Share of right readings of hidden things per group of ages, and of empty places.

    Args:
        right: 1 if a label was read right, NaN where it is not defined; the shape of `ages`.
        ages: From `hidden_ages`.
    """
    shares = {"empty": mean_defined(right[np.isnan(ages)])}
    for low, high in zip(AGE_EDGES_S, (*AGE_EDGES_S[1:], np.inf), strict=True):
        shares[f"{low:g}-{high:g} s"] = mean_defined(right[(ages >= low) & (ages < high)])
    return shares


def mean_defined(values: NDArray[np.float64]) -> float:
    """Mean of what is not NaN; NaN if nothing is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float("nan")
