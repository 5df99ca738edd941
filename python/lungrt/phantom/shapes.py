"""Implicit shapes as signed distances in mm, negative inside, and their combinations."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lungrt.phantom.grid import CoarseGrid

__all__ = ["distance", "ellipsoid", "join", "meet", "noise", "tube"]


def join(*fields: NDArray[np.float32], blend_mm: float = 0.0) -> NDArray[np.float32]:
    """Return the union of shapes; edges where two of them meet are rounded over `blend_mm`."""
    result = fields[0]
    for field in fields[1:]:
        lower = np.minimum(result, field)
        if blend_mm:
            h = np.maximum(blend_mm - np.abs(result - field), 0)
            lower -= h * h * np.float32(0.25 / blend_mm)
        result = lower
    return result


def meet(*fields: NDArray[np.float32], blend_mm: float = 0.0) -> NDArray[np.float32]:
    """Return the intersection of shapes; edges between them are rounded over `blend_mm`."""
    return -join(*(-field for field in fields), blend_mm=blend_mm)


def distance(values: NDArray[np.float32], step_mm: float) -> NDArray[np.float32]:
    """Return the first-order signed distance of a smooth function that is negative inside."""
    squares = sum(np.square(part) for part in np.gradient(values, step_mm))
    result: NDArray[np.float32] = values / np.sqrt(squares + np.float32(1e-8))
    return result


def ellipsoid(
    grid: CoarseGrid, center_mm: Sequence[float], semi_mm: Sequence[float], turn_deg: float = 0.0
) -> NDArray[np.float32]:
    """Return an ellipsoid, turned about the long axis of the body (x towards y)."""
    angle = np.float32(np.deg2rad(turn_deg))
    x, y, z = (
        axis - np.float32(c) for axis, c in zip((grid.x, grid.y, grid.z), center_mm, strict=True)
    )
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    a, b, c = (np.float32(value) for value in semi_mm)
    k0 = np.sqrt((along / a) ** 2 + (across / b) ** 2 + (z / c) ** 2)
    k1 = np.sqrt((along / a**2) ** 2 + (across / b**2) ** 2 + (z / c**2) ** 2)
    result: NDArray[np.float32] = k0 * (k0 - 1) / np.maximum(k1, np.float32(1e-6))
    return result


def tube(
    grid: CoarseGrid, points_mm: Sequence[Sequence[float]], radius_mm: float
) -> NDArray[np.float32]:
    """Return a round tube along a line of points."""
    result = np.full(grid.shape, 1e3, np.float32)
    points = np.asarray(points_mm, dtype=np.float32)
    for start, end in itertools.pairwise(points):
        way = end - start
        x, y, z = grid.x - start[0], grid.y - start[1], grid.z - start[2]
        t = np.clip((x * way[0] + y * way[1] + z * way[2]) / np.float32(way @ way), 0, 1)
        squares = (x - t * way[0]) ** 2 + (y - t * way[1]) ** 2 + (z - t * way[2]) ** 2
        np.minimum(result, np.sqrt(squares) - np.float32(radius_mm), out=result)
    return result


def noise(grid: CoarseGrid, rng: np.random.Generator, scale_mm: float) -> NDArray[np.float32]:
    """Return a smooth random field of mean 0 and standard deviation 1."""
    from scipy.ndimage import gaussian_filter, zoom

    # Sampled on a grid of the field's scale, so that it is cheap and the same for any step.
    sizes = [max(4, int(np.ceil(n * grid.step_mm / scale_mm)) + 3) for n in grid.shape]
    rough = gaussian_filter(rng.standard_normal(sizes).astype(np.float32), 0.6)
    rough /= rough.std()
    zoomed = zoom(rough, scale_mm / grid.step_mm, order=1)
    return np.ascontiguousarray(zoomed[: grid.shape[0], : grid.shape[1], : grid.shape[2]])
