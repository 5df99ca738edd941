"""Trees of vessels and bronchi, grown into the lungs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungrt.phantom.segments import Segments, merge

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Tree", "grow_tree"]

_MURRAY = 2.4  # exponent of Murray's law: a parent's radius^2.4 is the sum of its children's
_PATH_WEIGHT = 0.7  # weight of the path from the root relative to the length of a branch
_PIECES = 4  # per branch


@dataclass(frozen=True)
class Tree:
    """Tree of points, in which each point except the root has an earlier one as its parent.

    Attributes
    ----------
    points_mm : numpy.ndarray
        Points (N, x y z), the root first.
    parents : numpy.ndarray
        Index of each point's parent; the root is its own parent.
    radii_mm : numpy.ndarray
        Radius of the branch that leads to each point.
    """

    points_mm: NDArray[np.float32]
    parents: NDArray[np.intp]
    radii_mm: NDArray[np.float32]

    def segments(self, rng: np.random.Generator, *, least_mm: float = 0.0) -> Segments:
        """Return the curved branches whose radius is at least `least_mm`."""
        parts = []
        directions = self._directions()
        for child in range(1, len(self.points_mm)):
            parent = self.parents[child]
            if self.radii_mm[child] < least_mm:
                continue
            start, end = self.points_mm[parent], self.points_mm[child]
            length = float(np.linalg.norm(end - start))
            # The branch starts in its parent's direction and bends towards its end.
            middle = (start + end) / 2 + directions[parent] * (0.18 * length)
            middle = middle + rng.normal(0, 0.05 * length, 3)
            t = np.linspace(0, 1, _PIECES + 1, dtype=np.float32)[:, None]
            curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
            first = min(self.radii_mm[parent], 1.25 * self.radii_mm[child])
            radii = np.linspace(first, self.radii_mm[child], _PIECES + 1)
            parts.append(
                Segments(
                    np.stack([curve[:-1], curve[1:]], axis=1).astype(np.float32),
                    np.stack([radii[:-1], radii[1:]], axis=1).astype(np.float32),
                )
            )
        return merge(parts)

    def _directions(self) -> NDArray[np.float32]:
        ways = self.points_mm - self.points_mm[self.parents]
        lengths = np.linalg.norm(ways, axis=1, keepdims=True)
        directions: NDArray[np.float32] = ways / np.maximum(lengths, 1e-6)
        return directions


def grow_tree(
    root_mm: NDArray[np.floating],
    targets_mm: NDArray[np.floating],
    root_radius_mm: float,
    leaf_radius_mm: float,
) -> Tree:
    """Grow a tree from a root to many points, the nearest ones first.

    The parent of a point is near to it and has a short path to the root. This gives branches that
    run outwards and divide, as in a lung.
    """
    root = np.asarray(root_mm, np.float32)
    order = np.argsort(np.linalg.norm(targets_mm - root, axis=1), kind="stable")
    points = np.vstack([root[None], targets_mm[order]]).astype(np.float32)
    count = len(points)
    parents = np.zeros(count, np.intp)
    ways = np.zeros(count, np.float32)
    for n in range(1, count):
        steps = np.linalg.norm(points[:n] - points[n], axis=1)
        parent = int(np.argmin(steps + _PATH_WEIGHT * ways[:n]))
        parents[n] = parent
        ways[n] = ways[parent] + steps[parent]
    leaves = np.zeros(count)
    has_child = np.zeros(count, bool)
    has_child[parents[1:]] = True
    leaves[~has_child] = 1
    for n in range(count - 1, 0, -1):
        leaves[parents[n]] += leaves[n]
    radii = leaf_radius_mm * leaves ** (1 / _MURRAY)
    # A tree of few points would be thinner at its root than the vessel that feeds it.
    radii *= 1 + (root_radius_mm / radii[0] - 1) * (leaves / leaves[0]) ** 0.5
    return Tree(points, parents, radii.astype(np.float32))
