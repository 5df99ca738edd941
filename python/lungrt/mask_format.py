"""File formats of masks."""

from __future__ import annotations

from enum import Enum

__all__ = ["MaskFormat"]


class MaskFormat(str, Enum):
    """File format of a mask, by its suffix. All of them store the CT's geometry."""

    NIFTI = "nii.gz"
    NRRD = "nrrd"
    METAIMAGE = "mha"
