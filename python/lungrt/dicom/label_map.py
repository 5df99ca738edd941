"""The voxels of each nodule, as the report measures them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt import Nodule, Report

__all__ = ["nodule_labels"]


def nodule_labels(report: Report) -> NDArray[np.uint16]:
    """Number the voxels of each nodule.

    A nodule is the estimated lesion, whose volume the report states: the components of its marks,
    dilated again by the cross that eroded them. A voxel that two nodules would share belongs to
    the more likely one.

    Returns
    -------
    numpy.ndarray
        uint16 array (slices, rows, columns): k for the nodule at position k - 1 of the report,
        0 elsewhere.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the report has no masks, or more nodules than a segmentation can number.
    """
    if report.masks is None:
        raise InvalidArgument(
            "the report has no masks, which a DICOM segmentation shows; run the pipeline with "
            "keep_masks=True"
        )
    most = np.iinfo(np.uint16).max
    if len(report.nodules) > most:
        raise InvalidArgument(
            f"{len(report.nodules)} nodules, but a DICOM segmentation numbers at most {most}; set "
            "a higher threshold"
        )
    components = report.masks.labels
    result = np.zeros(components.shape, np.uint16)
    for number, nodule in enumerate(report.nodules, start=1):
        box = _box(nodule)
        lesion = _dilated(np.isin(components[box], [mark + 1 for mark in nodule.marks]))
        target = result[box]
        target[lesion & (target == 0)] = number
    return result


def _box(nodule: Nodule) -> tuple[slice, slice, slice]:
    """Box around the estimated lesion, which ends where the volume ends."""
    first, last = nodule.box
    a, b, c = (slice(low, high + 1) for low, high in zip(first, last, strict=True))
    return a, b, c


def _dilated(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Dilate a mask by the cross of a voxel and its six neighbours."""
    result = mask.copy()
    for axis in range(mask.ndim):
        to, source = np.moveaxis(result, axis, 0), np.moveaxis(mask, axis, 0)
        to[1:] |= source[:-1]
        to[:-1] |= source[1:]
    return result
