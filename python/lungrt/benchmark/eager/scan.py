# mypy: untyped-calls-exclude=SimpleITK
"""Reading of a CT with SimpleITK."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from lungrt.errors import BadVolume

__all__ = ["Scan", "read_scan"]


@dataclass(frozen=True, eq=False)
class Scan:
    """CT with its geometry.

    Attributes
    ----------
    hu : ndarray of int16
        Hounsfield units, (slices, rows, columns).
    origin_mm, spacing_mm : ndarray, shape (3,)
        World position in mm of the first voxel, and distances of voxels in mm; (x, y, z) order.
    direction : ndarray, shape (3, 3)
        Column j is the world direction of image axis j (columns, rows, slices).
    """

    hu: NDArray[np.int16]
    origin_mm: NDArray[np.float64]
    spacing_mm: NDArray[np.float64]
    direction: NDArray[np.float64]

    def to_world(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the world position (x, y, z) in mm of a fractional voxel (slice, row, column)."""
        world: NDArray[np.float64] = (
            self.direction @ (position[::-1] * self.spacing_mm) + self.origin_mm
        )
        return world

    def to_index(self, world_mm: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the voxel of a world position, computed as in the book.

        The book multiplies with the inverse matrix from the right, which is correct only if the
        direction matrix is its own inverse.
        """
        inverse = np.linalg.inv(self.direction)
        columns_first = (world_mm - self.origin_mm) @ inverse / self.spacing_mm
        index: NDArray[np.int64] = np.rint(columns_first)[::-1].astype(np.int64)
        return index


def read_scan(path: str, series: str | None) -> Scan:
    """Read a DICOM folder or an image file.

    Raises
    ------
    lungrt.errors.BadVolume
        If the folder does not contain exactly one series that fits, the file cannot be read, or
        voxels do not fit int16.
    """
    try:
        image = _read_folder(path, series) if Path(path).is_dir() else SimpleITK.ReadImage(path)
    except RuntimeError as error:
        raise BadVolume(f"{path}: SimpleITK cannot read it ({error})") from error
    voxels = SimpleITK.GetArrayFromImage(image)
    lowest, highest = voxels.min(), voxels.max()
    if not (lowest >= -32768 and highest <= 32767):  # also where they are NaN
        raise BadVolume(f"{path}: voxel values from {lowest} to {highest} do not fit int16")
    return Scan(
        np.rint(voxels).astype(np.int16),
        np.array(image.GetOrigin()),
        np.array(image.GetSpacing()),
        np.array(image.GetDirection()).reshape(3, 3),
    )


def _read_folder(path: str, series: str | None) -> SimpleITK.Image:
    reader = SimpleITK.ImageSeriesReader()
    found = list(reader.GetGDCMSeriesIDs(path))
    # GDCM appends a suffix to the UID if images of one series differ in kind.
    fitting = found if series is None else [name for name in found if name.startswith(series)]
    if len(fitting) != 1:
        raise BadVolume(f"{path}: expected one DICOM series {series or ''}, found {len(fitting)}")
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(path, fitting[0]))
    image: SimpleITK.Image = reader.Execute()
    return image
