"""Sampling of nodules on a voxel grid: the share of each voxel, and exact centre and diameter."""

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

_FINE_MM = 0.5  # largest distance between samples within a voxel
_MOST_SAMPLES = 8  # per voxel and axis


@dataclass(frozen=True)
class Planted:
    """Nodule in the voxels of a volume.

    Attributes
    ----------
    shape : NoduleShape
    place_mm : numpy.ndarray
        Patient coordinates of the centre of the shape.
    box : tuple of slice
        Part of the volume that contains the nodule.
    share : numpy.ndarray
        Share of each voxel of the box that the nodule fills.
    hu : numpy.ndarray
        Density of the nodule in each voxel of the box, in Hounsfield units.
    center_mm : numpy.ndarray
        Patient coordinates of the centre of mass of the part inside of the lung.
    diameter_mm : float
        Diameter of a sphere with the volume of that part.
    """

    shape: NoduleShape
    place_mm: NDArray[np.float64]
    box: tuple[slice, slice, slice]
    share: NDArray[np.float32]
    hu: NDArray[np.float32]
    center_mm: NDArray[np.float64]
    diameter_mm: float

    def blend(self, hu: NDArray[np.float32], index: int) -> None:
        """Blend the nodule into slice `index` of a volume before reconstruction [rows, columns]."""
        slices, rows, columns = self.box
        if slices.start <= index < slices.stop:
            part = hu[rows, columns]
            at = index - slices.start
            # Denser tissue is kept: the nodule only replaces air.
            part += self.share[at] * (np.maximum(self.hu[at], part) - part)


def plant(
    shape: NoduleShape,
    place_mm: NDArray[np.float64],
    grid: Grid,
    lung_distance: Callable[[NDArray[np.float64]], NDArray[np.float32]],
) -> Planted:
    """Sample a nodule at a position.

    Parameters
    ----------
    shape, place_mm, grid
        Shape of the nodule, patient coordinates of its centre, and voxel grid of the volume.
    lung_distance
        Function that returns the signed distance of patient coordinates (N, x y z) from the pleura,
        at which the nodule ends.

    Returns
    -------
    Planted
        The nodule; spicules are cut off at the faces of the volume.
    """
    axes = [grid.z_mm, grid.y_mm, grid.x_mm]
    spacing = np.array(grid.spacing_mm[::-1])
    place = place_mm[::-1]
    box, samples = [], []
    for axis, step, center in zip(axes, spacing, place, strict=True):
        inside = np.flatnonzero(np.abs(axis - center) <= shape.max_radius_mm + step / 2)
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
            # The core has the shape of the whole nodule, scaled down.
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
