"""Writing of masks as image files in the CT's geometry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lungrt import _core
from lungrt.mask_format import MaskFormat

if TYPE_CHECKING:
    import os

    from lungrt.report import Report

__all__ = ["mask_folder", "write_masks"]


def mask_folder(folder: str | os.PathLike[str]) -> Path:
    """Create the folder for masks, and check that files can be written to it.

    Raises
    ------
    lungrt.errors.Io
        If the folder cannot be created or written to.
    """
    path = Path(folder)
    _core.make_mask_folder(path)
    return path


def write_masks(
    folder: str | os.PathLike[str], report: Report, file_format: str = MaskFormat.NIFTI.value
) -> list[Path]:
    """Write lung field, nodule mask and candidate labels of a run as images in the CT's geometry.

    Parameters
    ----------
    folder
        Folder for the images; created if it does not exist. The images are ``lung_field`` (uint8, 1
        where candidates are kept), ``nodule_mask`` (uint8, 1 in the components of all candidates,
        after erosion) and ``labels`` (int32, k for the candidate at position k - 1 of
        `Report.candidates`).
    report
        Report of a run with ``keep_masks=True``.
    file_format
        ``nii.gz``, ``nrrd`` or ``mha``. NIfTI stores the geometry in float32.

    Returns
    -------
    list of pathlib.Path
        The three files. Each is written to a temporary file and renamed, so an older file is never
        left half replaced.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the report has no masks, or the format is unknown.
    lungrt.errors.Io
        If a file cannot be written.
    """
    return _core.write_masks(Path(folder), report, file_format)
