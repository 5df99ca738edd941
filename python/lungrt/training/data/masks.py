"""Masks of annotated nodules: grown from their centres by density, or drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungrt import CtVolume, read_ct
from lungrt.errors import InvalidArgument

# Lung is far below, soft tissue far above.
TISSUE_HU = -700.0

_FIRST_REACH = 2  # voxels from the centre that every nodule has


def grow_masks(
    hu: NDArray[np.int16], centers: Iterable[Sequence[int]], *, threshold_hu: float = TISSUE_HU
) -> NDArray[np.bool_]:
    """Mark the tissue of nodules of which only the centres are known.

    Along each axis a box grows from the centre, by the same number of voxels to both sides, while
    both of its ends are denser than the threshold or until one leaves the volume; of the box, the
    voxels denser than the threshold are nodule.

    Parameters
    ----------
    hu : ndarray of int16
        (slices, rows, columns).
    centers : iterable of (slice, row, column)
        Voxels of the volume.
    threshold_hu : float

    Returns
    -------
    ndarray of bool
        Of the volume's shape.
    """
    box = np.zeros(hu.shape, bool)
    for center in centers:
        reaches = [_reach(hu, center, axis, threshold_hu) for axis in range(3)]
        box[
            tuple(
                slice(max(at - reach, 0), at + reach + 1)
                for at, reach in zip(center, reaches, strict=True)
            )
        ] = True
    return box & (hu > threshold_hu)


def read_mask(path: Path, ct: CtVolume) -> NDArray[np.bool_]:
    """Read a mask that was drawn; whatever is not 0 is nodule.

    Parameters
    ----------
    path : path
        An image of integers in the voxels of the CT.
    ct : CtVolume

    Returns
    -------
    ndarray of bool
        Of the CT's shape.

    Raises
    ------
    InvalidArgument
        It lies elsewhere than the CT, or has another shape.
    lungrt.errors.Error
        It cannot be read.
    """
    mask = read_ct(path)
    if mask.shape != ct.shape or mask.geometry != ct.geometry:
        raise InvalidArgument(
            f"{path}: {list(mask.shape)} voxels (slices, rows, columns), {mask.geometry}; expected "
            f"those of its CT: {list(ct.shape)} voxels, {ct.geometry}"
        )
    marked: NDArray[np.bool_] = mask.hu != 0
    return marked


def widen(mask: NDArray[np.bool_], voxels: int) -> NDArray[np.bool_]:
    """Add every voxel within some steps of a marked one; a step goes along one axis.

    Parameters
    ----------
    mask : ndarray of bool
        (slices, rows, columns).
    voxels : int
        Steps; 0 returns the mask as it is.

    Returns
    -------
    ndarray of bool
        Of the same shape.
    """
    for _ in range(voxels):
        wider = mask.copy()
        for axis in range(mask.ndim):
            along, marked = np.moveaxis(wider, axis, 0), np.moveaxis(mask, axis, 0)
            along[1:] |= marked[:-1]
            along[:-1] |= marked[1:]
        mask = wider
    return mask


def _reach(hu: NDArray[np.int16], center: Sequence[int], axis: int, threshold_hu: float) -> int:
    """Return how far the box reaches from the centre along one axis, in voxels."""
    line = hu[tuple(slice(None) if a == axis else at for a, at in enumerate(center))]
    at, reach = center[axis], _FIRST_REACH
    while at - reach >= 0 and at + reach < len(line):
        if line[at - reach] <= threshold_hu or line[at + reach] <= threshold_hu:
            return reach
        reach += 1
    return reach - 1
