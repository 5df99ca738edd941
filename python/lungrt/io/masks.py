# mypy: untyped-calls-exclude=SimpleITK
"""Writing of masks as image files in the CT's geometry."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lungrt.errors import InvalidArgument, Io
from lungrt.io.nifti import validate_nifti
from lungrt.mask_format import MaskFormat

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from lungrt._core import Geometry
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
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Io(f"{path}: the folder for masks cannot be created ({error.strerror})") from error
    if not os.access(path, os.W_OK):
        raise Io(f"{path}: the folder for masks cannot be written to")
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
        ``nii.gz``, ``nrrd`` or ``mha``.

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
    formats = [known.value for known in MaskFormat]
    if file_format not in formats:
        raise InvalidArgument(f"unknown mask format {file_format!r}: expected {', '.join(formats)}")
    if report.masks is None:
        raise InvalidArgument("the report has no masks; run the pipeline with keep_masks=True")
    path = mask_folder(folder)
    images: dict[str, NDArray[Any]] = {
        "lung_field": np.asarray(report.masks.lung_field).astype(np.uint8),
        "nodule_mask": np.asarray(report.masks.nodules).astype(np.uint8),
        "labels": report.masks.labels,
    }
    return [
        _write(path / f"{name}.{file_format}", voxels, report.geometry)
        for name, voxels in images.items()
    ]


def _write(path: Path, voxels: NDArray[Any], geometry: Geometry) -> Path:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(voxels)
    image.SetOrigin(geometry.origin_mm)
    image.SetSpacing(geometry.spacing_mm)
    image.SetDirection(np.ravel(geometry.direction).tolist())
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as aside:
        written = Path(aside) / path.name
        try:
            SimpleITK.WriteImage(image, str(written), True)
            _validate_written(written, voxels)
            written.replace(path)
        except (RuntimeError, OSError) as error:
            raise Io(f"{path}: cannot be written ({error})") from error
    return path


def _validate_written(written: Path, voxels: NDArray[Any]) -> None:
    """Read back a file that was just written, because not every writer reports a full disk."""
    import SimpleITK

    try:
        if written.name.endswith(".nii.gz"):
            validate_nifti(written)  # its reader would fill in missing voxels
            return
        found = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(written)))
        whole = np.array_equal(found, voxels)
    except (RuntimeError, OSError):
        whole = False
    if not whole:
        raise OSError("the written file is incomplete; is the disk full?")
