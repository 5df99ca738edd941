"""Places of the numbers beside marks, so that they cover neither marks nor each other."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    Point = tuple[float, float]

__all__ = ["LABEL_SIZE", "place_labels"]

LABEL_SIZE = (12.0, 10.0)
"""Width and height that is kept free for a number, in pixels of the overview."""

_ANGLES = np.deg2rad([-45, 45, 225, 135, 0, 180, 270, 90])  # the first is at the upper right
_DISTANCES = (1.0, 2.0, 3.5)  # beyond a circle, in heights of a number


def place_labels(
    centers: Sequence[Point], radii: Sequence[float], size: tuple[int, int]
) -> list[Point]:
    """Return the middle of each circle's number, (column, row).

    The first place around a circle is taken that is inside of the picture and free of the circles
    and the numbers before it; if there is none, the one that covers least.

    Parameters
    ----------
    centers, radii
        The circles, in pixels.
    size
        Columns and rows of the picture.
    """
    middles, reach = np.array(centers).reshape(-1, 2), np.array(radii)
    half = np.array(LABEL_SIZE) / 2
    placed: list[Point] = []
    for center, radius in zip(middles, reach, strict=True):
        best, least = center, np.inf
        for distance, angle in product(_DISTANCES, _ANGLES):
            length = radius + distance * half[1]
            place = center + length * np.array([np.cos(angle), np.sin(angle)])
            place += np.sign(np.round([np.cos(angle), 0], 3)) * half[0] * [1, 0]
            covers = _outside(place, half, size) * 10
            if placed:
                apart = np.abs(np.array(placed) - place)
                covers += np.prod(np.maximum(0, 2 * half - apart), axis=1).sum()
            gaps = np.linalg.norm(np.maximum(0, np.abs(middles - place) - half), axis=1)
            covers += np.maximum(0, reach - gaps).sum()
            if covers < least:
                best, least = place, covers
            if covers == 0:
                break
        placed.append((float(best[0]), float(best[1])))
    return placed


def _outside(place: np.ndarray, half: np.ndarray, size: tuple[int, int]) -> float:
    """Return how far a number reaches out of the picture."""
    return float(np.maximum(0, half - place).sum() + np.maximum(0, place + half - size).sum())
