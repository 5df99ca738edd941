"""Kinds of files that masks are written as."""

from __future__ import annotations

from enum import Enum

__all__ = ["MaskFormat"]


class MaskFormat(str, Enum):
    """A format by its suffix; all of them hold the CT's geometry."""

    NIFTI = "nii.gz"
    NRRD = "nrrd"
    METAIMAGE = "mha"
