# mypy: untyped-calls-exclude=SimpleITK
"""Volumes from SimpleITK images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lungrt._core import CtVolume, Geometry, image_suffixes
from lungrt.errors import BadVolume

if TYPE_CHECKING:
    import SimpleITK

__all__ = ["IMAGE_SUFFIXES", "from_sitk"]

# Of the files that `lungrt.read_ct` reads.
IMAGE_SUFFIXES = tuple(image_suffixes())

_UNSET_SPACING = (
    "the image's spacing is exactly 1 mm along all axes, which is also what images say whose "
    "spacing was never set. If it was not, all sizes and the result are wrong"
)


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

    A spacing of exactly 1 mm along all axes gets a note, because images have it that were made from
    an array and whose spacing was not set.

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
    dimensions, values = image.GetDimension(), image.GetNumberOfComponentsPerPixel()
    if dimensions != 3 or values != 1:
        raise BadVolume(
            f"the image has {dimensions} dimensions and {values} values per voxel; a CT has "
            "3 dimensions and 1 value per voxel"
        )
    direction = np.reshape(image.GetDirection(), (3, 3))
    spacing = image.GetSpacing()
    return CtVolume(
        np.asarray(_Buffer(image)),
        Geometry(image.GetOrigin(), spacing, direction.tolist()),
        notes=[_UNSET_SPACING] if spacing == (1.0, 1.0, 1.0) else [],
    )
