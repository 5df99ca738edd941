"""Draws nodules into ideal volumes: the share of each voxel, and the exact truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lungrt.phantom.grid import Grid
    from lungrt.phantom.nodule import NoduleShape

__all__ = ["Planted", "plant"]

_FINE_MM = 0.5  # at most, between samples within a voxel
_MOST_SAMPLES = 8  # a voxel and axis


@dataclass(frozen=True)
class Planted:
    """A nodule in the voxels of a volume.

    Attributes
    ----------
    shape : NoduleShape
        What it looks like.
    place_mm : numpy.ndarray
        Patient coordinates of the centre of its shape.
    box : tuple of slice
        The part of the volume that it lies in.
    share : numpy.ndarray
        Share of each voxel of the box that it fills.
    hu : numpy.ndarray
        Its density there.
    center_mm : numpy.ndarray
        Centre of mass of what is inside of the lung, patient coordinates.
    diameter_mm : float
        Of a sphere of the volume inside of the lung.
    """

    shape: NoduleShape
    place_mm: NDArray[np.float64]
    box: tuple[slice, slice, slice]
    share: NDArray[np.float32]
    hu: NDArray[np.float32]
    center_mm: NDArray[np.float64]
    diameter_mm: float

    def blend(self, hu: NDArray[np.float32], index: int) -> None:
        """Draw it into an ideal slice (rows, columns) of the volume."""
        slices, rows, columns = self.box
        if slices.start <= index < slices.stop:
            part = hu[rows, columns]
            at = index - slices.start
            # Denser tissue that it lies on stays: its share there is of air alone.
            part += self.share[at] * (np.maximum(self.hu[at], part) - part)


def plant(
    shape: NoduleShape,
    place_mm: NDArray[np.float64],
    grid: Grid,
    lung_distance: Callable[[NDArray[np.float64]], NDArray[np.float32]],
) -> Planted:
    """Sample a nodule at a place.

    Parameters
    ----------
    lung_distance
        Signed distance of the pleura at patient coordinates (N, x y z); the nodule ends there.

    Returns
    -------
    Planted
        Spicules that stick out of the volume are cut.
    """
    axes = [grid.z_mm, grid.y_mm, grid.x_mm]
    spacing = np.array(grid.spacing_mm[::-1])
    place = place_mm[::-1]
    box, samples = [], []
    for axis, step, center in zip(axes, spacing, place, strict=True):
        inside = np.flatnonzero(np.abs(axis - center) <= shape.reach_mm + step / 2)
        box.append(slice(int(inside[0]), int(inside[-1]) + 1))
        count = int(np.clip(np.ceil(step / _FINE_MM), 2, _MOST_SAMPLES))
        offsets = ((np.arange(count) + 0.5) / count - 0.5) * step
        samples.append(np.add.outer(axis[inside], offsets))
    fine_z, fine_y, fine_x = (part.ravel() for part in samples)
    counts = [part.shape[1] for part in samples]
    sizes = [part.shape[0] for part in samples]
    share = np.zeros(sizes, np.float32)
    core = np.zeros(sizes, np.float32)
    moment, total = np.zeros(3), 0.0
    voxel = float(spacing.prod() / np.prod(counts))
    for n, z in enumerate(fine_z):
        points = np.stack(np.broadcast_arrays(fine_x[None, :], fine_y[:, None], z), axis=-1)
        within = shape.depth((points - place_mm).astype(np.float32)) > 0
        within[within] = lung_distance(points[within]) < 0
        found = points[within]
        moment += found.sum(axis=0)
        total += len(found)
        at = n // counts[0]
        share[at] += _block_sums(within, sizes, counts)
        if shape.core:
            # Similar to the whole, and smaller.
            inner = shape.depth(((points - place_mm) / shape.core).astype(np.float32)) > 0
            core[at] += _block_sums(inner & within, sizes, counts)
    share /= np.prod(counts)
    core /= np.prod(counts)
    cores = core / np.maximum(share, np.float32(1e-6))
    hu = (shape.hu + (shape.core_hu - shape.hu) * cores).astype(np.float32)
    diameter = 2 * (3 * total * voxel / (4 * np.pi)) ** (1 / 3)
    return Planted(
        shape, place_mm, (box[0], box[1], box[2]), share, hu, moment / total, float(diameter)
    )


def _block_sums(
    inside: NDArray[np.bool_], sizes: list[int], counts: list[int]
) -> NDArray[np.float32]:
    blocks = inside.reshape(sizes[1], counts[1], sizes[2], counts[2])
    sums: NDArray[np.float32] = blocks.sum(axis=(1, 3), dtype=np.float32)
    return sums
