# mypy: untyped-calls-exclude=SimpleITK
"""Resampling of a volume in its own axes onto grids in those of the patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lungrt import _core

__all__ = ["OUTSIDE_HU", "Resampler"]

OUTSIDE_HU = -2000
"""What is shown outside of the volume: darker than air."""


class Resampler:
    """Volume, or a box of it, that is interpolated linearly at positions in the patient.

    Parameters
    ----------
    voxels
        Array (slices, rows, columns).
    geometry
        Geometry of the whole volume.
    first
        Voxel (slice, row, column) of the volume that the array begins with.
    outside
        Value at positions outside of the array.

    Attributes
    ----------
    image
        The array as a `SimpleITK.Image`.
    """

    def __init__(
        self,
        voxels: NDArray[Any],
        geometry: _core.Geometry,
        first: Sequence[int] = (0, 0, 0),
        outside: float = OUTSIDE_HU,
    ) -> None:
        import SimpleITK

        self.image = SimpleITK.GetImageFromArray(voxels)
        self.image.SetOrigin(geometry.to_world(first))
        self.image.SetSpacing(geometry.spacing_mm)
        self.image.SetDirection(np.ravel(geometry.direction).tolist())
        self._outside = outside

    def grid(
        self,
        center_mm: Sequence[float],
        axes: Sequence[Sequence[float]],
        shape: tuple[int, int, int],
        steps_mm: tuple[float, float, float],
    ) -> NDArray[Any]:
        """Return the values on a regular grid.

        Parameters
        ----------
        center_mm
            World position (x, y, z) of the middle of the grid.
        axes
            World directions of its columns, rows and layers.
        shape
            Number of layers, rows and columns.
        steps_mm
            Distances of columns, rows and layers.
        """
        import SimpleITK

        directions = np.column_stack(axes).astype(float)
        size = np.array(shape[::-1])
        origin = np.asarray(center_mm) - directions @ ((size - 1) / 2 * steps_mm)
        grid = SimpleITK.ResampleImageFilter()
        grid.SetInterpolator(SimpleITK.sitkLinear)
        grid.SetDefaultPixelValue(self._outside)
        grid.SetSize(size.tolist())
        grid.SetOutputOrigin(origin.tolist())
        grid.SetOutputSpacing(steps_mm)
        grid.SetOutputDirection(directions.ravel().tolist())
        values: NDArray[Any] = SimpleITK.GetArrayFromImage(grid.Execute(self.image))
        return values

    def plane(
        self,
        center_mm: Sequence[float],
        right: Sequence[float],
        down: Sequence[float],
        shape: tuple[int, int],
        step_mm: float,
    ) -> NDArray[Any]:
        """Return the values on a plane, (rows, columns), with `center_mm` in its middle."""
        axes = (right, down, np.cross(right, down).tolist())
        layers = self.grid(center_mm, axes, (1, *shape), (step_mm, step_mm, 1.0))
        return layers.reshape(shape)
