"""Vessels and airways of the lungs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungrt.phantom.anatomy import SIDES
from lungrt.phantom.grid import stream
from lungrt.phantom.segments import Segments, merge, path_segments
from lungrt.phantom.tree import grow_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt.phantom.anatomy import Chest

__all__ = ["Branches", "grow_branches"]

_ARTERIES, _VEINS = 1250, 1000  # branch points in a lung of typical size
_LEAF_MM = 0.52  # radius of the last branches
_BRONCHUS_LEAST_MM = 1.5  # radius of the thinnest artery that has a visible bronchus beside it
_PLEURA_MM = 4.0  # smallest distance of vessels from the pleura
_ROOTS = {  # of artery, veins and bronchus
    "left": ((40, 10, -16), (34, 8, -42), (46, 26, -30)),
    "right": ((-36, 4, -18), (-32, 6, -42), (-38, 22, -24)),
}


@dataclass(frozen=True)
class Branches:
    """Vessels and airways.

    Attributes
    ----------
    vessels : Segments
        Arteries and veins.
    airways : Segments
        Lumina of the trachea and the bronchi.
    """

    vessels: Segments
    airways: Segments


def grow_branches(chest: Chest, seed: int, density: float = 1.0) -> Branches:
    """Grow the trees of vessels and bronchi in every lung of a chest.

    Parameters
    ----------
    density
        Density of branch points relative to a healthy lung.
    """
    vessels, airways = [], [_trachea()]
    for side, lung in chest.lungs.items():
        rng = stream(seed, f"vessels {side}")
        artery, vein, bronchus = (np.array(root, np.float32) for root in _ROOTS[side])
        airways.append(_main_bronchus(side, bronchus))
        targets = _targets(chest, lung, SIDES[side], round(_ARTERIES * density), rng)
        arteries = grow_tree(artery, targets, 8.0, _LEAF_MM)
        pieces = arteries.segments(rng)
        vessels.append(pieces)
        large = arteries.segments(rng, least_mm=_BRONCHUS_LEAST_MM)
        # A bronchus lies beside its artery, not in it.
        shift = np.array([0.25 * SIDES[side], 1.0, 0.3], np.float32)
        shift /= np.linalg.norm(shift)
        beside = large.ends_mm + (large.radii_mm * 1.75 + 0.8)[..., None] * shift
        airways.append(Segments(beside, large.radii_mm * np.float32(0.75)))
        targets = _targets(chest, lung, SIDES[side], round(_VEINS * density), rng)
        vessels.append(grow_tree(vein, targets, 7.0, _LEAF_MM).segments(rng))
    return Branches(merge(vessels), merge(airways))


def _targets(
    chest: Chest, lung: NDArray[np.float32], sign: float, count: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return random points inside of a lung."""
    low = np.array([min(sign * 6, sign * 150), -110, chest.patient.base - 5])
    high = np.array([max(sign * 6, sign * 150), 110, chest.patient.apex])
    # The number of points depends on the box, so that a small lung has fewer branches.
    points = rng.uniform(low, high, (round(count * 2.7), 3))
    return points[chest.grid.at(lung, points) < -_PLEURA_MM].astype(np.float32)


def _trachea() -> Segments:
    path = [(0, 4, 140), (0, 6, 100), (-1, 14, 50), (0, 20, 4)]
    return path_segments(np.array(path), np.array([8.5, 8.5, 8.5, 8.8]))


def _main_bronchus(side: str, end: NDArray[np.float32]) -> Segments:
    sign = SIDES[side]
    middle = (sign * 17, 22, -11)
    radius = 6.8 if side == "right" else 6.0
    lower = end + np.array([sign * 6, 4, -26], np.float32)
    upper = end + np.array([sign * 14, 0, 16], np.float32)
    return merge(
        [
            path_segments(np.array([(0, 20, 4), middle, end]), np.array([8.0, radius, radius])),
            path_segments(np.array([end, lower]), np.array([radius * 0.8, radius * 0.55])),
            path_segments(np.array([end, upper]), np.array([radius * 0.7, radius * 0.4])),
        ]
    )
