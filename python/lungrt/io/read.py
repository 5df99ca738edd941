"""One way in for every kind of CT."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from lungrt._core import CtVolume, Geometry
from lungrt.errors import InvalidArgument, Io
from lungrt.io import dicom, image

if TYPE_CHECKING:
    import SimpleITK
    from numpy.typing import NDArray

__all__ = ["Ct", "as_volume", "read_ct"]

Ct: TypeAlias = Union[
    CtVolume, "tuple[NDArray[Any], Geometry]", "SimpleITK.Image", str, "os.PathLike[str]"
]
"""What is accepted where a CT is wanted; see `as_volume`."""


def read_ct(
    path: str | os.PathLike[str], *, series: str | None = None, resample: bool = False
) -> CtVolume:
    """Read a CT from a DICOM folder or an image file.

    Parameters
    ----------
    path
        Folder with the slices of a DICOM series (sub-folders are not searched, files that are not
        DICOM are ignored), or a file .mhd, .mha, .nii, .nii.gz, .nrrd or .nhdr.
    series
        UID of the series to take where the folder holds several; `list_series` lists them.
    resample
        Make a regular volume of a series with irregular, missing or repeated slices instead of
        refusing it. The volume's notes, and so the report, say what was done.

    Returns
    -------
    CtVolume
        int16 Hounsfield units (slices, rows, columns), slices ascending along their normal.

    Raises
    ------
    lungrt.errors.Io
        For a path that does not exist or a file that cannot be read.
    lungrt.errors.BadVolume
        For slices or an image that make no regular CT volume.
    lungrt.errors.InvalidArgument
        For several series where `series` does not choose one of them, or a kind of file that is not
        supported.
    """
    path = Path(path)
    if path.is_dir():
        return dicom.read_series(path, series=series, resample=resample)
    if not path.exists():
        raise Io(f"{path}: no such file or folder; expected a DICOM folder or an image file")
    if series is not None or resample:
        raise InvalidArgument(
            f"{path}: series and resample are for DICOM folders, this is a single file"
        )
    return image.read_image(path)


def as_volume(ct: Ct) -> CtVolume:
    """Bring a CT of any kind into a `CtVolume`.

    Parameters
    ----------
    ct
        A `CtVolume` (returned as it is), a `SimpleITK.Image`, a tuple of an array
        (slices, rows, columns) in Hounsfield units and its `Geometry`, or a path for `read_ct`.

    Raises
    ------
    lungrt.errors.InvalidArgument
        For anything else.
    """
    if isinstance(ct, CtVolume):
        return ct
    if isinstance(ct, (str, os.PathLike)):
        return read_ct(ct)
    if isinstance(ct, tuple) and len(ct) == 2 and isinstance(ct[1], Geometry):
        return CtVolume(*ct)
    # An image exists only where its package is imported already; nothing else needs it.
    simpleitk = sys.modules.get("SimpleITK")
    if simpleitk is not None and isinstance(ct, simpleitk.Image):
        return image.from_sitk(ct)
    raise InvalidArgument(
        f"{type(ct).__name__} is no CT: expected a CtVolume, a SimpleITK.Image, a tuple "
        "(array, Geometry) - an array alone does not say where it lies - or a path"
    )
