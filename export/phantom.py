"""Synthetic chest CT patches: structures with the Hounsfield units, sizes and noise of real ones.

They show no patient, so that a bundle may contain them. They have what networks are sensitive to -
edges of lung, chest wall and bone, tubes, small spheres of any density - so that a network's
probabilities range from 0 to 1, which pure noise would not achieve.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Array = NDArray[np.float32]

# Hounsfield units
_PADDING = -2048.0  # value that scanners write outside of their field of view
_AIR = -1000.0
_LUNG = -860.0
_TISSUE = 45.0
_BONE = 650.0
_METAL = 2600.0
_NOISE = 22.0

_WALL_VOXELS = 14  # from the lung's edge to the skin


def lung_patch(shape: tuple[int, int, int], rng: np.random.Generator) -> _Array:
    """Generate a piece of lung beside the chest wall.

    The lung has vessels and nodules, the wall has ribs and a metal clip, and outside of the skin
    are air and a scanner's padding. Values exceed [-1000, 1000] HU by far on both sides.

    Parameters
    ----------
    shape : tuple of int
        Slices, rows, columns.
    rng : numpy.random.Generator
        Source of the random positions and sizes.

    Returns
    -------
    numpy.ndarray
        Float32 [slices, rows, columns]; Hounsfield units, rounded to whole numbers.
    """
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1).astype(np.float32)
    middle = np.array([size / 2 for size in shape], np.float32)
    hu = np.full(shape, _LUNG, np.float32)

    for _ in range(3):
        _tube(hu, grid, rng, middle, radius=rng.uniform(0.8, 2.0))
    spread = np.minimum(middle, 20)
    for number in range(4):
        # The first nodule lies near the middle, where a classifier expects one.
        offset = rng.uniform(-0.15, 0.15, 3) if number == 0 else rng.uniform(-1, 1, 3)
        density = rng.choice([-550.0, -250.0, 0.0, 60.0, 300.0])
        _sphere(hu, grid, middle + offset * spread, rng.uniform(1.5, 7.0), density)

    inside = _depth_in_wall(grid, rng, middle)
    _blend(hu, np.clip(inside, 0, 1), _TISSUE)
    for _ in range(3):
        center = rng.uniform(0, 1, 3) * np.array(shape)
        in_wall = np.abs(inside - _WALL_VOXELS / 2) < 3
        rib = (np.linalg.norm(grid - center, axis=-1) < 9) & in_wall
        hu[rib] = _BONE
    clip = np.argmin(np.abs(inside - 3) + rng.uniform(0, 4, shape))
    hu.flat[clip] = _METAL
    hu[inside > _WALL_VOXELS] = _AIR
    hu += rng.normal(0, _NOISE, shape).astype(np.float32)
    hu[inside > _WALL_VOXELS + 8] = _PADDING
    return np.rint(hu)


def _depth_in_wall(grid: _Array, rng: np.random.Generator, middle: _Array) -> _Array:
    """Return the distance in voxels from the lung's edge, which is a slightly bent plane.

    It is positive in the wall and beyond.
    """
    angle = rng.uniform(0, 2 * np.pi)
    normal = _unit([rng.uniform(-0.3, 0.3), np.sin(angle), np.cos(angle)])
    along = np.array([0, -normal[2], normal[1]], np.float32)
    relative = grid - middle
    edge = float(np.abs(normal * middle).sum()) * rng.uniform(0.3, 0.6)
    bend = 0.01 * (relative @ along) ** 2
    return np.asarray(relative @ normal - edge + bend, np.float32)


def _unit(vector: ArrayLike) -> _Array:
    values = np.asarray(vector, np.float32)
    return np.asarray(values / np.linalg.norm(values), np.float32)


def _tube(
    hu: _Array, grid: _Array, rng: np.random.Generator, middle: _Array, *, radius: float
) -> None:
    direction = _unit(rng.normal(size=3))
    start = middle * (1 + rng.uniform(-0.8, 0.8, 3).astype(np.float32))
    relative = grid - start
    across = relative - (relative @ direction)[..., None] * direction
    _blend(hu, np.clip(radius + 0.5 - np.linalg.norm(across, axis=-1), 0, 1), _TISSUE)


def _sphere(
    hu: _Array, grid: _Array, center: NDArray[np.floating], radius: float, density: float
) -> None:
    distance = np.linalg.norm(grid - center.astype(np.float32), axis=-1)
    _blend(hu, np.clip(radius + 0.5 - distance, 0, 1), density)


def _blend(hu: _Array, share: _Array, value: float) -> None:
    """Fill a share of each voxel with a material of the given Hounsfield units."""
    hu += share * (value - hu)
