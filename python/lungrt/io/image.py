# mypy: untyped-calls-exclude=SimpleITK
"""Volumes in image files and SimpleITK images."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from lungrt._core import CtVolume, Geometry
from lungrt.errors import BadVolume, InvalidArgument, Io
from lungrt.io.meta_image import require_complete_meta_image
from lungrt.io.nifti import require_complete_nifti
from lungrt.io.nrrd import require_complete_nrrd

if TYPE_CHECKING:
    from pathlib import Path

    import SimpleITK

__all__ = ["IMAGE_SUFFIXES", "from_sitk", "itk_reason", "read_image"]

IMAGE_SUFFIXES = (".mhd", ".mha", ".nii", ".nii.gz", ".nrrd", ".nhdr")


class _Buffer:
    """An image's memory for NumPy, which keeps this object, and so the memory, alive.

    The shallow copy shares the memory until the caller writes to the image; then the caller's image
    moves away from it, so a volume made of it stays as it was.
    """

    def __init__(self, image: SimpleITK.Image) -> None:
        import SimpleITK

        view = SimpleITK.GetArrayViewFromImage(image)
        self._image = SimpleITK.Image(image)
        self.__array_interface__: dict[str, Any] = view.__array_interface__


def from_sitk(image: SimpleITK.Image) -> CtVolume:
    """Bring a SimpleITK image into a `CtVolume`; int16 voxels are not copied.

    Parameters
    ----------
    image
        Three-dimensional and scalar, in Hounsfield units.

    Raises
    ------
    lungrt.errors.BadVolume
        For another number of dimensions, a vector image, or voxels that are no Hounsfield units.
    """
    _require_scalar_volume("the image", image.GetDimension(), image.GetNumberOfComponentsPerPixel())
    direction = np.reshape(image.GetDirection(), (3, 3))
    return CtVolume(
        np.asarray(_Buffer(image)),
        Geometry(image.GetOrigin(), image.GetSpacing(), direction.tolist()),
    )


def read_image(path: Path) -> CtVolume:
    """Read a volume from an image file; see `lungrt.read_ct`."""
    import SimpleITK

    if not path.name.endswith(IMAGE_SUFFIXES):
        raise InvalidArgument(
            f"{path}: unknown kind of file; expected one of {', '.join(IMAGE_SUFFIXES)}, or the "
            "folder that holds the slices of a DICOM series"
        )
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        # Before the voxels: a long time series must not be read to be refused.
        _require_scalar_volume(str(path), reader.GetDimension(), reader.GetNumberOfComponents())
        _require_complete(path, reader)
        image = reader.Execute()
    except RuntimeError as error:
        raise Io(
            f"{path}: cannot be read; it is no image, is truncated, or lacks the file that holds "
            f"its voxels ({itk_reason(error)})"
        ) from error
    try:
        return from_sitk(image)
    except BadVolume as error:
        raise BadVolume(f"{path}: {error}") from error


def _require_complete(path: Path, reader: SimpleITK.ImageFileReader) -> None:
    """Refuse what its reader would not, or not without harm."""
    import SimpleITK

    voxel = SimpleITK.Image([1, 1, 1], reader.GetPixelID())
    size = math.prod(reader.GetSize()) * voxel.GetSizeOfPixelComponent()
    if path.name.endswith((".nii", ".nii.gz")):
        require_complete_nifti(path)
    elif path.name.endswith((".mhd", ".mha")):
        require_complete_meta_image(path, size)
    else:
        require_complete_nrrd(path, size)


def itk_reason(error: RuntimeError) -> str:
    """Return what happened from one of ITK's messages of several lines."""
    # "Reason: ..." is whatever errno was last, often of something else.
    lines = [line for line in str(error).strip().splitlines() if not line.startswith("Reason: ")]
    return re.sub(r"^(ITK |sitk::)ERROR: (\w+\(0x[0-9a-f]+\): )?", "", lines[-1])


def _require_scalar_volume(what: str, dimensions: int, components: int) -> None:
    if dimensions != 3 or components != 1:
        raise BadVolume(
            f"{what} has {dimensions} dimensions and {components} values a voxel; a CT has "
            "3 dimensions and 1 value a voxel"
        )
