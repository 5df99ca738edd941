"""Reading of a CT in any supported form."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from lungrt import _core
from lungrt._core import CtVolume, Geometry, SeriesInfo
from lungrt.errors import InvalidArgument
from lungrt.io.dicom import decode_slice
from lungrt.io.image import from_sitk

if TYPE_CHECKING:
    import SimpleITK
    from numpy.typing import NDArray

__all__ = ["Ct", "SeriesInfo", "as_volume", "list_series", "read_ct"]

Ct: TypeAlias = Union[
    CtVolume, "tuple[NDArray[Any], Geometry]", "SimpleITK.Image", str, "os.PathLike[str]"
]
"""Forms in which functions accept a CT; see `as_volume`."""


def read_ct(
    path: str | os.PathLike[str], *, series: str | None = None, resample: bool = False
) -> CtVolume:
    """Read a CT from a DICOM folder or an image file.

    Parameters
    ----------
    path
        Folder with the slices of a DICOM series, or a file .mhd, .mha, .nii, .nii.gz, .hdr, .nrrd
        or .nhdr. Sub-folders are not searched, and files that are not DICOM are ignored.
    series
        UID of the series to read if the folder contains several; `list_series` lists them.
    resample
        Interpolate a series with irregular, missing or repeated slices onto a regular grid instead
        of refusing it. The notes of the volume and of its report say what was done.

    Returns
    -------
    CtVolume
        Hounsfield units, int16 (slices, rows, columns), slices in ascending order along their
        normal.

    Raises
    ------
    lungrt.errors.Io
        If the path does not exist or a file cannot be read.
    lungrt.errors.BadVolume
        If the slices or the image do not form a regular CT volume.
    lungrt.errors.InvalidArgument
        If there are several series and `series` does not select one of them, or the kind of file is
        not supported.
    """
    return _core.read_ct(Path(path), decode_slice, series=series, resample=resample)


def list_series(folder: str | os.PathLike[str]) -> list[SeriesInfo]:
    """List the series of a DICOM folder, sorted by UID.

    Raises
    ------
    lungrt.errors.Io
        If the folder does not exist or a DICOM file is damaged.
    lungrt.errors.BadVolume
        If the folder contains no DICOM images.
    """
    return _core.list_series(Path(folder))


def as_volume(ct: Ct) -> CtVolume:
    """Make a `CtVolume` of a CT in any supported form.

    Parameters
    ----------
    ct
        A `CtVolume` (returned as it is), a `SimpleITK.Image`, a tuple of an array
        (slices, rows, columns) in Hounsfield units and its `Geometry`, or a path for `read_ct`.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If it is anything else.
    """
    if isinstance(ct, CtVolume):
        return ct
    if isinstance(ct, (str, os.PathLike)):
        return read_ct(ct)
    if isinstance(ct, tuple) and len(ct) == 2 and isinstance(ct[1], Geometry):
        return CtVolume(*ct)
    # If SimpleITK was not imported yet, the argument cannot be one of its images.
    simpleitk = sys.modules.get("SimpleITK")
    if simpleitk is not None and isinstance(ct, simpleitk.Image):
        return from_sitk(ct)
    raise InvalidArgument(
        f"not a CT: {type(ct).__name__}; expected a CtVolume, a SimpleITK.Image, a path, or a "
        "tuple (array, Geometry), because an array alone has no position and spacing"
    )
