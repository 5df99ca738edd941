"""Masks of annotated nodules: grown from their centres by density, or read from a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungrt import CtVolume, read_ct
from lungrt.errors import InvalidArgument

# Lung is far below this density, soft tissue far above.
TISSUE_HU = -700.0

_FIRST_RADIUS = 2  # smallest half size of a nodule's box, in voxels


def grow_masks(
    hu: NDArray[np.int16], centers: Iterable[Sequence[int]], *, threshold_hu: float = TISSUE_HU
) -> NDArray[np.bool_]:
    """Estimate the masks of nodules of which only the centres are known.

    Along each axis, a box grows from the centre by the same number of voxels to both sides, as long
    as both of its ends are denser than the threshold and inside of the volume. The voxels of the
    box that are denser than the threshold belong to the nodule.

    Parameters
    ----------
    hu : ndarray of int16
        Hounsfield units [slices, rows, columns].
    centers : iterable of (slice, row, column)
        Voxels of the centres.
    threshold_hu : float

    Returns
    -------
    ndarray of bool
        Mask of the same shape as `hu`.
    """
    box = np.zeros(hu.shape, bool)
    for center in centers:
        radii = [_box_radius(hu, center, axis, threshold_hu) for axis in range(3)]
        box[
            tuple(
                slice(max(at - radius, 0), at + radius + 1)
                for at, radius in zip(center, radii, strict=True)
            )
        ] = True
    return box & (hu > threshold_hu)


def read_mask(path: Path, ct: CtVolume) -> NDArray[np.bool_]:
    """Read a mask file in which every voxel that is not 0 belongs to a nodule.

    Parameters
    ----------
    path : path
        Image of integers with the CT's voxels.
    ct : CtVolume

    Returns
    -------
    ndarray of bool
        Mask of the CT's shape.

    Raises
    ------
    InvalidArgument
        The mask has another shape or geometry than the CT.
    lungrt.errors.Error
        The file cannot be read.
    """
    mask = read_ct(path)
    if mask.shape != ct.shape or mask.geometry != ct.geometry:
        raise InvalidArgument(
            f"{path}: the mask has {list(mask.shape)} voxels (slices, rows, columns) with "
            f"{mask.geometry}; expected those of its CT: {list(ct.shape)} voxels with {ct.geometry}"
        )
    marked: NDArray[np.bool_] = mask.hu != 0
    return marked


def widen(mask: NDArray[np.bool_], voxels: int) -> NDArray[np.bool_]:
    """Dilate a mask with a cross-shaped structuring element.

    Parameters
    ----------
    mask : ndarray of bool
        Mask [slices, rows, columns].
    voxels : int
        Number of dilations; 0 returns the mask unchanged.

    Returns
    -------
    ndarray of bool
        Mask of the same shape.
    """
    for _ in range(voxels):
        wider = mask.copy()
        for axis in range(mask.ndim):
            along, marked = np.moveaxis(wider, axis, 0), np.moveaxis(mask, axis, 0)
            along[1:] |= marked[:-1]
            along[:-1] |= marked[1:]
        mask = wider
    return mask


def _box_radius(
    hu: NDArray[np.int16], center: Sequence[int], axis: int, threshold_hu: float
) -> int:
    """Return half the size of the box along an axis, in voxels."""
    line = hu[tuple(slice(None) if a == axis else at for a, at in enumerate(center))]
    at, radius = center[axis], _FIRST_RADIUS
    while at - radius >= 0 and at + radius < len(line):
        if line[at - radius] <= threshold_hu or line[at + radius] <= threshold_hu:
            return radius
        radius += 1
    return radius - 1
