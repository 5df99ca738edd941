"""Decisions that follow from probabilities and thresholds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Thresholds", "decide", "largest"]


@dataclass(frozen=True)
class Thresholds:
    """Thresholds above which a voxel is in the mask, a candidate a nodule, a nodule malignant."""

    segmentation: float = 0.5
    nodule: float = 0.5
    malignancy: float = 0.5


def decide(p_nodule: float, p_malignant: float | None, thresholds: Thresholds) -> object:
    """Return the decision about a candidate.

    Returns
    -------
    str
        ``"no nodule"``; for a nodule ``"benign"`` or ``"malignant"``, or ``"nodule"`` if its
        probability of malignancy is not known. If `p_nodule` is NaN, an object that is not equal
        to any other decision.
    """
    if math.isnan(p_nodule):
        return object()
    if p_nodule <= thresholds.nodule:
        return "no nodule"
    if p_malignant is None:
        return "nodule"
    return "malignant" if p_malignant > thresholds.malignancy else "benign"


def largest(values: Iterable[float]) -> float:
    """Return the largest value; 0 if there are none, NaN if one is NaN (max may ignore NaN)."""
    known = list(values)
    return next(filter(math.isnan, known), max(known, default=0.0))
