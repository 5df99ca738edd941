"""Vessels, airways and ribs as tapered pieces of tube that are drawn at full resolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lungrt.phantom.grid import Grid

__all__ = ["Segments", "draw_depth", "path_segments"]

DEPTH_STEP_MM = 0.1  # unit of the int8 depths below the surface that are drawn
_OUTSIDE = -128


@dataclass(frozen=True)
class Segments:
    """Pieces of tube.

    Attributes
    ----------
    ends_mm : numpy.ndarray
        Both ends of each piece (N, 2, x y z).
    radii_mm : numpy.ndarray
        Radius at both ends (N, 2).
    """

    ends_mm: NDArray[np.float32]
    radii_mm: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.radii_mm)


def path_segments(points_mm: NDArray[np.floating], radii_mm: NDArray[np.floating]) -> Segments:
    """Return the pieces of tube along a path."""
    points = np.asarray(points_mm, np.float32)
    radii = np.asarray(radii_mm, np.float32)
    return Segments(
        np.stack([points[:-1], points[1:]], axis=1), np.stack([radii[:-1], radii[1:]], axis=1)
    )


def merge(parts: Sequence[Segments]) -> Segments:
    """Return the pieces of all parts together."""
    if not parts:
        return Segments(np.empty((0, 2, 3), np.float32), np.empty((0, 2), np.float32))
    return Segments(
        np.concatenate([part.ends_mm for part in parts]),
        np.concatenate([part.radii_mm for part in parts]),
    )


def draw_depth(grid: Grid, segments: Segments, margin_mm: float = 1.0) -> NDArray[np.int8]:
    """Draw the depth of each voxel below the surface of the pieces.

    Parameters
    ----------
    grid
        Grid on whose thin slices the depths are drawn.
    segments
        Pieces to draw.
    margin_mm
        Distance outside of a surface up to which depths are drawn.

    Returns
    -------
    numpy.ndarray
        Int8 [thin slices, rows, columns] in units of `DEPTH_STEP_MM`, negative outside, -128 far
        away.
    """
    z, y, x = grid.sub_z_mm, grid.y_mm, grid.x_mm
    drawn = np.full((len(z), len(y), len(x)), _OUTSIDE, np.int8)
    axes = [axis.astype(np.float32) for axis in (x, y, z)]
    ends, radii = segments.ends_mm, segments.radii_mm
    margin = radii.max(axis=1, initial=0)[:, None] + margin_mm
    low, high = ends.min(axis=1) - margin, ends.max(axis=1) + margin
    bounds = [_inside(axis, low[:, k], high[:, k]) for k, axis in enumerate(axes)]
    seen = np.logical_and.reduce([first < last for first, last in bounds])
    for n in np.flatnonzero(seen):
        xs, ys, zs = (slice(first[n], last[n]) for first, last in bounds)
        start, way = ends[n, 0], ends[n, 1] - ends[n, 0]
        px = (axes[0][xs] - start[0])[None, None, :]
        py = (axes[1][ys] - start[1])[None, :, None]
        pz = (axes[2][zs] - start[2])[:, None, None]
        length2 = max(float(way @ way), 1e-9)
        t = px * (way[0] / length2) + py * (way[1] / length2) + pz * (way[2] / length2)
        np.clip(t, 0, 1, out=t)
        px, py, pz = px - t * way[0], py - t * way[1], pz - t * way[2]
        depth = (radii[n, 0] + t * (radii[n, 1] - radii[n, 0])) - np.sqrt(
            px * px + py * py + pz * pz
        )
        tenths = np.clip(np.rint(depth * (1 / DEPTH_STEP_MM)), _OUTSIDE, 127).astype(np.int8)
        box = drawn[zs, ys, xs]
        np.maximum(box, tenths, out=box)
    return drawn


def _inside(
    axis: NDArray[np.float32], low: NDArray[np.float32], high: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the range of indices of an axis between bounds; the axis may be descending."""
    if len(axis) > 1 and axis[0] > axis[-1]:
        first, last = _inside(axis[::-1], low, high)
        return len(axis) - last, len(axis) - first
    return np.searchsorted(axis, low), np.searchsorted(axis, high, side="right")
