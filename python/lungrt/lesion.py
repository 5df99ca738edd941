"""The voxels of a nodule, as a report measures them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt import _core

__all__ = ["Box", "lesion_voxels"]

Box = tuple[slice, slice, slice]


def lesion_voxels(labels: NDArray[np.int32], nodule: _core.Nodule) -> tuple[NDArray[np.bool_], Box]:
    """Return the voxels that a nodule's volume counts, and where they are.

    They are the estimated lesion: the components of its marks, dilated again by the cross that
    eroded them.

    Parameters
    ----------
    labels
        Labels of all candidates, (slices, rows, columns): ``report.masks.labels``.
    nodule
        A nodule of that report.

    Returns
    -------
    mask : numpy.ndarray
        Boolean array of the box's shape.
    box : tuple of slice
        Slices, rows and columns of the volume that the lesion touches.
    """
    first, last = nodule.box
    a, b, c = (slice(low, high + 1) for low, high in zip(first, last, strict=True))
    box = (a, b, c)
    eroded = np.isin(labels[box], [mark + 1 for mark in nodule.marks])
    mask = eroded.copy()
    for axis in range(mask.ndim):
        to, source = np.moveaxis(mask, axis, 0), np.moveaxis(eroded, axis, 0)
        to[1:] |= source[:-1]
        to[:-1] |= source[1:]
    return mask, box
