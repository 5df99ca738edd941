"""What probabilities decide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Thresholds", "decide", "largest"]


@dataclass(frozen=True)
class Thresholds:
    """Above which a voxel is in the mask, a candidate a nodule, a nodule malignant."""

    segmentation: float = 0.5
    nodule: float = 0.5
    malignancy: float = 0.5


def decide(p_nodule: float, p_malignant: float | None, thresholds: Thresholds) -> object:
    """Return a decision in words; of NaN, something that equals no other decision.

    Returns
    -------
    str
        ``"no nodule"``, and of a nodule ``"nodule"`` where nobody asked for malignancy, else
        ``"benign"`` or ``"malignant"``.
    """
    if math.isnan(p_nodule):
        return object()
    if p_nodule <= thresholds.nodule:
        return "no nodule"
    if p_malignant is None:
        return "nodule"
    return "malignant" if p_malignant > thresholds.malignancy else "benign"


def largest(values: Iterable[float]) -> float:
    """Return the largest value, 0 of none, NaN where there is one: max alone would pass it over."""
    known = list(values)
    return next(filter(math.isnan, known), max(known, default=0.0))
