"""Reading of a CT in any supported form."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from lungrt import _core
from lungrt._core import CtVolume, Geometry, SeriesInfo, SeriesPartInfo
from lungrt.errors import InvalidArgument
from lungrt.io.archive import is_zip, unpacked
from lungrt.io.dicom import decode_slice
from lungrt.io.image import from_sitk

if TYPE_CHECKING:
    from collections.abc import Iterator

    import SimpleITK
    from numpy.typing import NDArray

__all__ = ["Ct", "SeriesInfo", "SeriesPartInfo", "as_volume", "list_series", "read_ct"]

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
        Folder with the slices of a DICOM series; one file of a series, which stands for the series
        in its folder; a DICOMDIR; a file .mhd, .mha, .nii, .nii.gz, .hdr, .nrrd or .nhdr; or a
        zip archive of any of these. The folders in a folder are searched as well, and files that
        are not DICOM are ignored.
    series
        UID of the series to read if several in the folder can be a volume, or ``UID:PART`` if
        several parts of it can be; `list_series` lists them. The only one that can be a volume is
        taken, and a note says so.
    resample
        Interpolate a series with irregular, missing or repeated slices, or a tilted gantry, onto a
        regular grid instead of refusing it. The notes of the volume and of its report say what was
        done.

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
        If several series or parts can be a volume and `series` does not select one of them, the
        kind of file is not supported, or a zip archive is not safe to unpack.
    """
    with _on_disk(Path(path)) as place:
        return _core.read_ct(place, decode_slice, series=series, resample=resample)


@contextlib.contextmanager
def _on_disk(path: Path) -> Iterator[Path]:
    """Return a path for the compiled readers, which do not open archives."""
    if not is_zip(path):
        yield path
        return
    with unpacked(path) as place:
        yield place


def list_series(path: str | os.PathLike[str]) -> list[SeriesInfo]:
    """List the series of a DICOM folder and their parts, sorted by UID.

    Parameters
    ----------
    path
        Folder, which is searched with the folders in it; a DICOMDIR; a DICOM file, whose folder is
        searched; or a zip archive.

    Raises
    ------
    lungrt.errors.Io
        If the path does not exist or a DICOM file is damaged.
    lungrt.errors.BadVolume
        If there are no DICOM images.
    """
    with _on_disk(Path(path)) as place:
        return _core.list_series(place)


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
