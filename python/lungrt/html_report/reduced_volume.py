# mypy: untyped-calls-exclude=SimpleITK
"""Copy of a scan that is small enough for a page: fewer voxels, 8 bits, compressed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lungrt.lesion import lesion_voxels
from lungrt.pictures.planes import LUNG_WINDOW, grey_levels
from lungrt.pictures.resampling import Resampler

if TYPE_CHECKING:
    from lungrt.pictures import Scene

__all__ = ["BLACK", "WHITE", "ReducedVolume", "reduced_volume"]

_MOST_VOXELS = 9_000_000  # about 6 MB when they are compressed and written as text
_WINDOW_HU = (-1350.0, 450.0)  # what 8 bits tell apart: more than the lung window, to change it


def _level(hu: float) -> int:
    return int(grey_levels(np.array(hu), _WINDOW_HU))


BLACK, WHITE = (_level(hu) for hu in LUNG_WINDOW)
"""Grey levels of the copy that are shown as black and white at first."""


@dataclass(frozen=True)
class ReducedVolume:
    """Scan and mask as NIfTI files of the same grid.

    Attributes
    ----------
    ct
        Grey levels, uint8, gzip.
    mask
        1 in the nodules' voxels, uint8, gzip.
    size
        Slices, rows and columns in words.
    """

    ct: bytes
    mask: bytes
    size: str


def reduced_volume(scene: Scene) -> ReducedVolume:
    """Return a copy of the scan, of which the finest axes were halved until it is small enough."""
    import SimpleITK

    hu = scene.volume.hu
    mask = np.zeros(hu.shape, np.uint8)
    for nodule in scene.report.nodules:
        lesion, box = lesion_voxels(scene.labels, nodule)
        mask[box] |= lesion
    spacing, size = np.array(scene.volume.geometry.spacing_mm), np.array(hu.shape[::-1])
    factors = np.ones(3, int)  # of columns, rows and slices
    while np.prod(size // factors) > _MOST_VOXELS:
        factors[np.argmin(spacing * factors)] *= 2
    # Means of blocks of voxels.
    ct = SimpleITK.BinShrink(scene.resampler.image, factors.tolist())
    levels = SimpleITK.GetImageFromArray(
        grey_levels(SimpleITK.GetArrayViewFromImage(ct), _WINDOW_HU)
    )
    levels.CopyInformation(ct)
    marked = SimpleITK.BinShrink(
        Resampler(mask * np.uint8(255), scene.volume.geometry).image, factors.tolist()
    )
    words = " by ".join(map(str, ct.GetSize()[::-1]))
    return ReducedVolume(_nifti(levels), _nifti(marked > 127), words)


def _nifti(image: Any) -> bytes:
    import SimpleITK

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "volume.nii.gz"
        SimpleITK.WriteImage(image, str(file), useCompression=True, compressionLevel=2)
        return file.read_bytes()
