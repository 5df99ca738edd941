"""Calibration: how well probabilities agree with observed frequencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Bin", "Calibration", "calibrate"]

_BINS = 10


@dataclass(frozen=True)
class Bin:
    """Bin of probabilities in [lower, upper); the last bin includes its upper bound."""

    lower: float
    upper: float
    count: int
    mean_probability: float
    frequency: float


@dataclass(frozen=True)
class Calibration:
    """Reliability curve.

    Attributes
    ----------
    title : str
    count, positives : int
        Number of probabilities, and how many of them belong to true cases.
    brier : float
        Brier score: mean squared difference of probability and truth.
    expected_error : float
        Expected calibration error: mean of |probability - frequency| over the bins, each weighted
        by its count.
    bins : list of Bin
        Bins of equal width (ten in total) that are not empty.
    """

    title: str
    count: int
    positives: int
    brier: float
    expected_error: float
    bins: list[Bin]


def calibrate(
    title: str, probability: Sequence[float], truth: Sequence[bool]
) -> Calibration | None:
    """Compare probabilities with the truth; return None if there are no probabilities."""
    p, y = np.asarray(probability, float), np.asarray(truth, float)
    if not len(p):
        return None
    place = np.minimum((p * _BINS).astype(int), _BINS - 1)
    count = np.bincount(place, minlength=_BINS)
    bins = [
        Bin(
            k / _BINS,
            (k + 1) / _BINS,
            int(count[k]),
            float(p[place == k].mean()),
            float(y[place == k].mean()),
        )
        for k in np.flatnonzero(count).tolist()
    ]
    return Calibration(
        title,
        len(p),
        int(y.sum()),
        float(((p - y) ** 2).mean()),
        float(sum(b.count * abs(b.mean_probability - b.frequency) for b in bins) / len(p)),
        bins,
    )
