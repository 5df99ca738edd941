"""Positions of voxels in the patient, and the coarse grid of the anatomy.

Coordinates are the patient's, in mm: x to the left, y to the back, z to the head, with the origin
at the bifurcation of the trachea. The scanner's axes are parallel to them or reversed, never
oblique.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lungrt._core import Geometry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt.phantom.options import PhantomOptions

__all__ = ["TRUNK_MM", "CoarseGrid", "Grid", "Interpolator", "make_grid", "stream"]

_CHEST_CENTER_MM = (0.0, 8.0, -48.0)
TRUNK_MM = ((-216.0, 216.0), (-156.0, 156.0), (-220.0, 132.0))  # x, y, z
_SUB_SLICE_MM = 1.6


def stream(seed: int, part: str) -> np.random.Generator:
    """Return random numbers for one part of a phantom that do not depend on the other parts."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


@dataclass(frozen=True)
class Grid:
    """Voxel grid of a volume.

    Attributes
    ----------
    x_mm, y_mm, z_mm : numpy.ndarray
        Patient coordinates of columns, rows and slices.
    steps_mm : tuple of float
        Distances between columns, rows and slices; negative if an axis is reversed.
    geometry : lungrt.Geometry
        Geometry of the voxels in world coordinates.
    """

    x_mm: NDArray[np.float64]
    y_mm: NDArray[np.float64]
    z_mm: NDArray[np.float64]
    steps_mm: tuple[float, float, float]
    geometry: Geometry

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of slices, rows and columns."""
        return len(self.z_mm), len(self.y_mm), len(self.x_mm)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Spacing of voxels (x, y, z) in mm."""
        return self.geometry.spacing_mm

    @property
    def sub_slices(self) -> int:
        """Number of thin slices that are averaged into a slice."""
        return int(np.ceil(self.spacing_mm[2] / _SUB_SLICE_MM))

    @cached_property
    def sub_z_mm(self) -> NDArray[np.float64]:
        """Patient coordinates of all thin slices, in the order of slices."""
        step = self.spacing_mm[2] / self.sub_slices
        inner = (np.arange(self.sub_slices) - (self.sub_slices - 1) / 2) * step
        positions: NDArray[np.float64] = np.add.outer(self.z_mm, inner).ravel()
        return positions

    def to_voxel(self, points_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Convert patient coordinates (..., x y z) to (slice, row, column), not rounded."""
        axes = (self.x_mm, self.y_mm, self.z_mm)
        columns = [(points_mm[..., k] - axes[k][0]) / self.steps_mm[k] for k in (2, 1, 0)]
        return np.stack(columns, axis=-1)

    def holds(self, points_mm: NDArray[np.floating], margin_mm: float) -> NDArray[np.bool_]:
        """Return which points (N, x y z) lie in the volume, `margin_mm` away from its faces."""
        inside = np.ones(len(points_mm), bool)
        for axis, coordinates in zip((self.x_mm, self.y_mm, self.z_mm), points_mm.T, strict=True):
            low, high = min(axis[0], axis[-1]), max(axis[0], axis[-1])
            inside &= (coordinates >= low + margin_mm) & (coordinates <= high - margin_mm)
        return inside


def make_grid(options: PhantomOptions) -> Grid:
    """Return the voxel grid that the options define."""
    rng = stream(options.seed, "world")
    # Prone turns the patient about the long axis, feet first about the vertical axis.
    turned = np.ones(3)
    if options.position == "prone":
        turned *= (-1, -1, 1)
    if options.entry == "feet-first":
        turned *= (-1, 1, -1)
    sizes = options.shape[::-1]
    center = np.add(_CHEST_CENTER_MM, options.center_mm)
    axes = [
        center[k] + turned[k] * (np.arange(sizes[k]) - (sizes[k] - 1) / 2) * options.voxel_mm[k]
        for k in range(3)
    ]
    offset = np.round(rng.uniform((-15, -30, -420), (15, 10, 180)), 2)
    origin = [float(axes[k][0] + offset[k]) for k in range(3)]
    geometry = Geometry(origin, options.voxel_mm, np.diag(turned).tolist())
    steps = turned * options.voxel_mm
    return Grid(axes[0], axes[1], axes[2], tuple(steps.tolist()), geometry)


class CoarseGrid:
    """Regular grid over the trunk on which smooth fields are sampled.

    Signed distances are smooth, so they are interpolated linearly between the nodes. Details finer
    than a step are drawn into the voxels instead.
    """

    def __init__(
        self, step_mm: float, extent_mm: tuple[tuple[float, float], ...] = TRUNK_MM
    ) -> None:
        self.step_mm = step_mm
        axes = [
            np.arange(low, high + step_mm / 2, step_mm, dtype=np.float32) for low, high in extent_mm
        ]
        self.origin_mm = np.array([axis[0] for axis in axes], dtype=np.float64)
        self.x = axes[0][None, None, :]
        self.y = axes[1][None, :, None]
        self.z = axes[2][:, None, None]
        self.shape = (len(axes[2]), len(axes[1]), len(axes[0]))

    def at(
        self, field: NDArray[np.float32], points_mm: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Interpolate a field at patient coordinates (N, x y z), clamped to its edges."""
        from scipy.ndimage import map_coordinates

        nodes = (points_mm - self.origin_mm) / self.step_mm
        values: NDArray[np.float32] = map_coordinates(
            field, nodes.T[::-1], order=1, mode="nearest", output=np.float32
        )
        return values


class Interpolator:
    """Interpolator from the coarse grid to the thin slices of a volume."""

    def __init__(self, coarse: CoarseGrid, grid: Grid) -> None:
        self._z, self._y, self._x = (
            _between(axis, coarse.origin_mm[k], coarse.step_mm, coarse.shape[2 - k])
            for k, axis in ((2, grid.sub_z_mm), (1, grid.y_mm), (0, grid.x_mm))
        )

    def slice(self, field: NDArray[np.float32], sub_slice: int) -> NDArray[np.float32]:
        """Return a field (rows, columns) in a thin slice."""
        lower, weight = self._z[0][sub_slice], self._z[1][sub_slice]
        plane = field[lower] + weight * (field[lower + 1] - field[lower])
        low, weights = self._y
        rows = plane[low] + weights[:, None] * (plane[low + 1] - plane[low])
        low, weights = self._x
        left = rows[:, low]
        values: NDArray[np.float32] = left + weights * (rows[:, low + 1] - left)
        return values


def _between(
    positions_mm: NDArray[np.float64], origin_mm: float, step_mm: float, count: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return each position's lower node and the weight of the upper one, clamped to the edges."""
    nodes = np.clip((positions_mm - origin_mm) / step_mm, 0, count - 1)
    lower = np.minimum(nodes.astype(np.intp), count - 2)
    return lower, (nodes - lower).astype(np.float32)
