# mypy: untyped-calls-exclude=SimpleITK
"""Masks as image files in the CT's geometry."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lungrt.errors import InvalidArgument, Io
from lungrt.io.nifti import require_complete_nifti
from lungrt.mask_format import MaskFormat

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from lungrt._core import Geometry
    from lungrt.report import Report

__all__ = ["mask_folder", "write_masks"]


def mask_folder(folder: str | os.PathLike[str]) -> Path:
    """Make the folder that masks are to be written to, before the work.

    Raises
    ------
    lungrt.errors.Io
        Where it cannot be made or written to.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Io(f"{path}: no folder for masks can be made there ({error.strerror})") from error
    if not os.access(path, os.W_OK):
        raise Io(f"{path}: the folder for masks cannot be written to")
    return path


def write_masks(
    folder: str | os.PathLike[str], report: Report, file_format: str = MaskFormat.NIFTI.value
) -> list[Path]:
    """Write what a run saw, in the CT's geometry.

    Parameters
    ----------
    folder
        Made where it does not exist. Gets ``lung_field`` (uint8, 1 where candidates are kept),
        ``nodule_mask`` (uint8, 1 in the components of all candidates, after erosion) and ``labels``
        (int32, k for the candidate at position k - 1 of `Report.candidates`).
    report
        Of a run with ``keep_masks=True``.
    file_format
        ``nii.gz``, ``nrrd`` or ``mha``.

    Returns
    -------
    list of pathlib.Path
        The three files. Each is written aside and renamed, so an older one is never half replaced.

    Raises
    ------
    lungrt.errors.InvalidArgument
        For a report without masks, or another format.
    lungrt.errors.Io
        Where a file cannot be written.
    """
    formats = [known.value for known in MaskFormat]
    if file_format not in formats:
        raise InvalidArgument(f"unknown mask format {file_format!r}: expected {', '.join(formats)}")
    if report.masks is None:
        raise InvalidArgument("the report holds no masks: run the pipeline with keep_masks=True")
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
            _require_whole(written, voxels)
            written.replace(path)
        except (RuntimeError, OSError) as error:
            raise Io(f"{path}: cannot be written ({error})") from error
    return path


def _require_whole(written: Path, voxels: NDArray[Any]) -> None:
    """Read a file that was just written: not every writer tells of a full disk."""
    import SimpleITK

    try:
        if written.name.endswith(".nii.gz"):
            require_complete_nifti(written)  # its reader fills in what is missing
            return
        found = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(written)))
        whole = np.array_equal(found, voxels)
    except (RuntimeError, OSError):
        whole = False
    if not whole:
        raise OSError("not all of it arrived; is the disk full?")
