# mypy: untyped-calls-exclude=SimpleITK
"""Reading of volumes from image files and SimpleITK images."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from lungrt._core import CtVolume, Geometry
from lungrt.errors import BadVolume, InvalidArgument, Io
from lungrt.io.meta_image import validate_meta_image
from lungrt.io.nifti import validate_nifti
from lungrt.io.nrrd import validate_nrrd

if TYPE_CHECKING:
    from pathlib import Path

    import SimpleITK

__all__ = ["IMAGE_SUFFIXES", "from_sitk", "itk_reason", "read_image"]

IMAGE_SUFFIXES = (".mhd", ".mha", ".nii", ".nii.gz", ".nrrd", ".nhdr")


class _Buffer:
    """Owner of an image's memory: arrays made from it keep it, and so the memory, alive.

    It holds a shallow copy of the image, which shares the memory. If the caller later writes to the
    image, SimpleITK first gives the image memory of its own, so the arrays do not change.
    """

    def __init__(self, image: SimpleITK.Image) -> None:
        import SimpleITK

        view = SimpleITK.GetArrayViewFromImage(image)
        self._image = SimpleITK.Image(image)
        self.__array_interface__: dict[str, Any] = view.__array_interface__


def from_sitk(image: SimpleITK.Image) -> CtVolume:
    """Make a `CtVolume` of a SimpleITK image. int16 voxels are not copied.

    Parameters
    ----------
    image
        Three-dimensional scalar image in Hounsfield units.

    Raises
    ------
    lungrt.errors.BadVolume
        If the image is not three-dimensional, has several values per voxel, or has values that
        cannot be Hounsfield units.
    """
    _validate_scalar_volume(
        "the image", image.GetDimension(), image.GetNumberOfComponentsPerPixel()
    )
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
            f"{path}: unknown kind of file; expected one of {', '.join(IMAGE_SUFFIXES)}, or a "
            "folder with the slices of a DICOM series"
        )
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        # Checked before reading voxels, so that a long time series is refused at once.
        _validate_scalar_volume(str(path), reader.GetDimension(), reader.GetNumberOfComponents())
        _validate_file(path, reader)
        image = reader.Execute()
    except RuntimeError as error:
        raise Io(
            f"{path}: cannot be read ({itk_reason(error)}); it is not an image, it is truncated, "
            "or the file with its voxels is missing"
        ) from error
    try:
        return from_sitk(image)
    except BadVolume as error:
        raise BadVolume(f"{path}: {error}") from error


def _validate_file(path: Path, reader: SimpleITK.ImageFileReader) -> None:
    """Refuse incomplete files that SimpleITK would read with wrong voxels or leak memory on."""
    import SimpleITK

    voxel = SimpleITK.Image([1, 1, 1], reader.GetPixelID())
    size = math.prod(reader.GetSize()) * voxel.GetSizeOfPixelComponent()
    if path.name.endswith((".nii", ".nii.gz")):
        validate_nifti(path)
    elif path.name.endswith((".mhd", ".mha")):
        validate_meta_image(path, size)
    else:
        validate_nrrd(path, size)


def itk_reason(error: RuntimeError) -> str:
    """Return the line that names the cause in a message of ITK, which has several lines."""
    # "Reason: ..." is the last errno, which is often unrelated.
    lines = [line for line in str(error).strip().splitlines() if not line.startswith("Reason: ")]
    return re.sub(r"^(ITK |sitk::)ERROR: (\w+\(0x[0-9a-f]+\): )?", "", lines[-1])


def _validate_scalar_volume(what: str, dimensions: int, components: int) -> None:
    if dimensions != 3 or components != 1:
        raise BadVolume(
            f"{what} has {dimensions} dimensions and {components} values per voxel; a CT has "
            "3 dimensions and 1 value per voxel"
        )
