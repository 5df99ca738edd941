"""Rules of the book and of LUNA16 that decide which mark belongs to which nodule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lungrt.data.annotations import ExcludedMark, Nodule

__all__ = ["book_matches", "luna_hits"]

_BOOK_DISTANCE = 0.7  # of a diameter


def book_matches(
    nodules: Sequence[Nodule | ExcludedMark], center_mm: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which marks belong to which nodules by the book's rule: distance / diameter < 0.7.

    A mark may belong to several nodules, and a nodule to several marks.

    Returns
    -------
    ndarray of bool, shape (nodules, marks)
    """
    distance, diameter = _distances(nodules, center_mm)
    with np.errstate(divide="ignore", invalid="ignore"):  # an excluded mark may have no size
        return distance / diameter < _BOOK_DISTANCE


def luna_hits(
    nodules: Sequence[Nodule | ExcludedMark], center_mm: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return which marks hit which nodules by LUNA16's rule: distance < diameter / 2.

    Returns
    -------
    ndarray of bool, shape (nodules, marks)
    """
    distance, diameter = _distances(nodules, center_mm)
    return distance < diameter / 2


def _distances(
    nodules: Sequence[Nodule | ExcludedMark], center_mm: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    places = np.array([nodule.center_mm for nodule in nodules], float).reshape(-1, 1, 3)
    diameter = np.array([nodule.diameter_mm for nodule in nodules], float).reshape(-1, 1)
    return np.linalg.norm(places - center_mm[None], axis=2), diameter
