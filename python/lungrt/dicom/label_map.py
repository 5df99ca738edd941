"""Labels that number the voxels of each nodule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lungrt.errors import InvalidArgument
from lungrt.lesion import lesion_voxels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt import Report

__all__ = ["nodule_labels"]


def nodule_labels(report: Report) -> NDArray[np.uint16]:
    """Number the voxels of each nodule.

    A nodule has the voxels whose volume the report states. A voxel that two nodules would share
    belongs to the more likely one.

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
        lesion, box = lesion_voxels(components, nodule)
        target = result[box]
        target[lesion & (target == 0)] = number
    return result
