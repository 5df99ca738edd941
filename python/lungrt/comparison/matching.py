"""Pairing of the marks of two diagnoses."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungrt.comparison.diagnosis import Index, Mark

__all__ = ["Matching", "match"]

_ROWS = 1024  # marks of A whose distances to all marks of B are held at once


@dataclass(frozen=True)
class Matching:
    """Pairing of two lists of marks, A and B, in which each mark occurs once.

    Attributes
    ----------
    pairs : list of (int, int)
        Positions in A and in B, ascending in A.
    only_a, only_b : list of int
        Positions of marks without a counterpart, ascending.
    """

    pairs: list[tuple[int, int]]
    only_a: list[int]
    only_b: list[int]


def match(a: Sequence[Mark], b: Sequence[Mark], within_mm: float) -> Matching:
    """Pair marks at the same voxel first, and then repeatedly the two nearest of the others.

    Exchanging A and B exchanges the result. Several marks at one voxel are paired in their order.

    Parameters
    ----------
    a, b
        The two lists.
    within_mm
        Largest distance at which two marks are paired; with 0, only marks at the same voxel are.
    """
    pairs = _at_the_same_voxel(a, b)
    left_a = sorted(set(range(len(a))) - {i for i, _ in pairs})
    left_b = sorted(set(range(len(b))) - {j for _, j in pairs})
    near = _near(a, b, left_a, left_b, within_mm)
    # Equal distances are ordered by voxel, so that exchanging A and B changes nothing.
    near.sort(key=lambda pair: (pair[0], *sorted((a[pair[1]].index, b[pair[2]].index)), *pair[1:]))
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    for _, i, j in near:
        if i not in taken_a and j not in taken_b:
            taken_a.add(i)
            taken_b.add(j)
            pairs.append((i, j))
    return Matching(
        sorted(pairs),
        [i for i in left_a if i not in taken_a],
        [j for j in left_b if j not in taken_b],
    )


def _at_the_same_voxel(a: Sequence[Mark], b: Sequence[Mark]) -> list[tuple[int, int]]:
    places: dict[Index, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, marks in enumerate((a, b)):
        for position, mark in enumerate(marks):
            places[mark.index][side].append(position)
    return [pair for ours, theirs in places.values() for pair in zip(ours, theirs, strict=False)]


def _near(
    a: Sequence[Mark], b: Sequence[Mark], left_a: list[int], left_b: list[int], within_mm: float
) -> list[tuple[float, int, int]]:
    """Return distance and positions of all pairs of marks that are near enough."""
    if not left_a or not left_b or within_mm <= 0:
        return []
    centers_b = np.array([b[j].center_mm for j in left_b])
    found = []
    for first in range(0, len(left_a), _ROWS):
        some = left_a[first : first + _ROWS]
        centers_a = np.array([a[i].center_mm for i in some])
        distances = np.sqrt(((centers_a[:, None] - centers_b[None]) ** 2).sum(axis=-1))
        for row, column in np.argwhere(distances <= within_mm).tolist():
            found.append((float(distances[row, column]), some[row], left_b[column]))
    return found
