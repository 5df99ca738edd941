"""Fine random texture of tissue, as a cube that is repeated seamlessly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt.phantom.grid import Grid

__all__ = ["Texture"]

_NODES = 90


class Texture:
    """Random field of mean 0 and standard deviation 1.

    Parameters
    ----------
    rng
        Source of random numbers.
    scale_mm
        Standard deviation of the Gaussian that correlates the field.
    skew
        0 for a normal distribution; larger values give bright spots.
    """

    def __init__(self, rng: np.random.Generator, scale_mm: float, skew: float = 0.0) -> None:
        from scipy.ndimage import gaussian_filter

        self._step_mm = scale_mm
        white = rng.standard_normal((_NODES,) * 3).astype(np.float32)
        field = gaussian_filter(white, 1.0, mode="wrap")
        field /= field.std()
        if skew:
            field = np.exp(np.float32(skew) * field)
            field = (field - field.mean()) / field.std()
        self._field = np.pad(field, (0, 1), mode="wrap")

    def slice(self, grid: Grid, sub_slice: int) -> NDArray[np.float32]:
        """Return the field (rows, columns) in a thin slice."""
        lower, weight = self._nodes(grid.sub_z_mm[sub_slice : sub_slice + 1])
        field = self._field
        plane = field[lower[0]] + weight[0] * (field[lower[0] + 1] - field[lower[0]])
        lower, weight = self._nodes(grid.y_mm)
        rows = plane[lower] + weight[:, None] * (plane[lower + 1] - plane[lower])
        lower, weight = self._nodes(grid.x_mm)
        left = rows[:, lower]
        values: NDArray[np.float32] = left + weight * (rows[:, lower + 1] - left)
        return values

    def _nodes(
        self, positions_mm: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        nodes = np.mod(positions_mm / self._step_mm, _NODES)
        lower = np.minimum(nodes.astype(np.intp), _NODES - 1)
        return lower, (nodes - lower).astype(np.float32)
