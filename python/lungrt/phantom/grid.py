"""Where voxels lie in the patient, and the coarse grid that anatomy is described on.

Coordinates here are the patient's: x to the left, y to the back, z to the head, in mm, zero at the
bifurcation of the trachea. The scanner's axes are the same or reversed, never oblique.
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

__all__ = ["COARSE_EXTENT_MM", "CoarseGrid", "Grid", "Interpolator", "make_grid", "stream"]

_CHEST_CENTER_MM = (0.0, 8.0, -48.0)
COARSE_EXTENT_MM = ((-216.0, 216.0), (-156.0, 156.0), (-220.0, 132.0))  # x, y, z
_SUB_SLICE_MM = 1.6


def stream(seed: int, part: str) -> np.random.Generator:
    """Random numbers of one part of a phantom, independent of what other parts draw."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


@dataclass(frozen=True)
class Grid:
    """A volume's voxels.

    Attributes
    ----------
    x_mm, y_mm, z_mm : numpy.ndarray
        Patient coordinates of columns, rows and slices.
    geometry : lungrt.Geometry
        Their place in the world.
    offset_mm : numpy.ndarray
        World minus patient coordinates.
    """

    x_mm: NDArray[np.float64]
    y_mm: NDArray[np.float64]
    z_mm: NDArray[np.float64]
    geometry: Geometry
    offset_mm: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        return len(self.z_mm), len(self.y_mm), len(self.x_mm)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Of voxels (x, y, z)."""
        return self.geometry.spacing_mm

    @property
    def sub_slices(self) -> int:
        """How many thin slices are averaged into one."""
        return int(np.ceil(self.spacing_mm[2] / _SUB_SLICE_MM))

    @cached_property
    def sub_z_mm(self) -> NDArray[np.float64]:
        """Patient coordinates of all thin slices, in the order of slices."""
        step = self.spacing_mm[2] / self.sub_slices
        inner = (np.arange(self.sub_slices) - (self.sub_slices - 1) / 2) * step
        return np.add.outer(self.z_mm, inner).ravel()

    def to_voxel(self, points_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Patient coordinates (..., x y z) to unrounded (slice, row, column)."""
        spacing = self.spacing_mm
        axes = (self.x_mm, self.y_mm, self.z_mm)
        signs = [spacing[k] * self.geometry.direction[k][k] for k in range(3)]
        columns = [(points_mm[..., k] - axes[k][0]) / signs[k] for k in (2, 1, 0)]
        return np.stack(columns, axis=-1)


def make_grid(options: PhantomOptions) -> Grid:
    """Lay the voxels that the options ask for."""
    rng = stream(options.seed, "world")
    # Prone: turned about the long axis. Feet first: about the vertical one.
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
    return Grid(axes[0], axes[1], axes[2], geometry, offset)


class CoarseGrid:
    """A regular grid over the trunk, on which smooth fields are described once.

    A signed distance is smooth, so between its nodes it is interpolated linearly; details finer
    than a step are drawn into the voxels instead.
    """

    def __init__(self, step_mm: float) -> None:
        self.step_mm = step_mm
        axes = [
            np.arange(low, high + step_mm / 2, step_mm, dtype=np.float32)
            for low, high in COARSE_EXTENT_MM
        ]
        self.origin_mm = np.array([axis[0] for axis in axes], dtype=np.float64)
        self.x = axes[0][None, None, :]
        self.y = axes[1][None, :, None]
        self.z = axes[2][:, None, None]
        self.shape = (len(axes[2]), len(axes[1]), len(axes[0]))

    def at(
        self, field: NDArray[np.float32], points_mm: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Interpolate a field at patient coordinates (N, x y z); constant beyond its edges."""
        from scipy.ndimage import map_coordinates

        nodes = (points_mm - self.origin_mm) / self.step_mm
        values: NDArray[np.float32] = map_coordinates(
            field, nodes.T[::-1], order=1, mode="nearest", output=np.float32
        )
        return values


class Interpolator:
    """Brings fields of a coarse grid to the thin slices of a volume."""

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
    """Lower node and weight of the upper one; positions beyond the edges take the edge."""
    nodes = np.clip((positions_mm - origin_mm) / step_mm, 0, count - 1)
    lower = np.minimum(nodes.astype(np.intp), count - 2)
    return lower, (nodes - lower).astype(np.float32)
