"""Outline of a mask on a plane: marching squares between the centres of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["outline"]

# Edges of a square between four pixels: 0 above, 1 right, 2 below, 3 left. Its case has the bits 1
# for the upper left pixel, 2 upper right, 4 lower right, 8 lower left. Lines keep the mask on their
# right; the saddles 5 and 10 keep its two corners apart.
_LINES = {
    1: ((0, 3),),
    2: ((1, 0),),
    3: ((1, 3),),
    4: ((2, 1),),
    5: ((0, 3), (2, 1)),
    6: ((2, 0),),
    7: ((2, 3),),
    8: ((3, 2),),
    9: ((0, 2),),
    10: ((1, 0), (3, 2)),
    11: ((1, 2),),
    12: ((3, 1),),
    13: ((0, 1),),
    14: ((3, 0),),
}


def outline(values: NDArray[np.floating], level: float = 0.5) -> list[NDArray[np.float64]]:
    """Return the closed lines along which interpolated values equal a level.

    Parameters
    ----------
    values
        Array (rows, columns). Beyond its edge it counts as 0.
    level
        Level, above 0.

    Returns
    -------
    list of ndarray, shape (points, 2)
        Points (column, row) of each line; (0, 0) is the centre of the first pixel. The first point
        is not repeated at the end.
    """
    padded = np.pad(np.asarray(values, np.float64), 1)
    inside = padded > level
    cases = (
        inside[:-1, :-1] + 2 * inside[:-1, 1:] + 4 * inside[1:, 1:] + 8 * inside[1:, :-1]
    ).astype(int)
    following = {}  # the edge that a line leads to, by the edge that it comes from
    for row, column in np.argwhere((cases > 0) & (cases < 15)).tolist():
        edges = (
            (row, column, 0),
            (row, column + 1, 1),
            (row + 1, column, 0),
            (row, column, 1),
        )
        for begin, end in _LINES[int(cases[row, column])]:
            following[edges[begin]] = edges[end]
    lines = []
    while following:
        edge = next(iter(following))
        points = []
        while edge in following:
            points.append(_crossing(padded, level, *edge))
            edge = following.pop(edge)
        lines.append(np.array(points) - 1)  # without the padding
    return lines


def _crossing(
    values: NDArray[np.float64], level: float, row: int, column: int, downwards: int
) -> tuple[float, float]:
    """Return where the level lies between a pixel and its right or lower neighbour."""
    here = values[row, column]
    there = values[row + downwards, column + 1 - downwards]
    share = (level - here) / (there - here)
    return (column, row + share) if downwards else (column + share, row)
