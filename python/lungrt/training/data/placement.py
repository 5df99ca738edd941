# mypy: untyped-calls-exclude=SimpleITK
"""Check that annotations lie inside of their CTs, with a diagnosis of common mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from lungrt.errors import InvalidArgument, Io
from lungrt.training.data.samples import Sample, Triple

_SHOWN = 3  # most wrong annotations that a message lists

# LUNA16's nodules have 3 to 33 mm; a list whose median is beyond these is in another unit.
_SMALLEST_MEDIAN_MM = 1.5
_LARGEST_MEDIAN_MM = 80.0

# Positions up to one voxel outside of the outermost voxel centres are accepted.
_TOLERANCE_VOXELS = 1.0


@dataclass(frozen=True, eq=False)
class Extent:
    """Position and size of a CT, without its voxels.

    Attributes
    ----------
    origin_mm, spacing_mm : tuple of float
        (x, y, z).
    direction : ndarray, shape (3, 3)
        Column j is the world direction of image axis j.
    size : tuple of int
        Voxels along image axes: columns, rows, slices.
    """

    origin_mm: Triple
    spacing_mm: Triple
    direction: NDArray[np.float64]
    size: tuple[int, int, int]

    def contains(self, world_mm: Sequence[float]) -> bool:
        """Return whether world coordinates lie in the volume or on its border."""
        offset = np.asarray(world_mm, float) - self.origin_mm
        index = np.linalg.solve(self.direction, offset) / self.spacing_mm
        low, high = -_TOLERANCE_VOXELS, np.asarray(self.size) - 1 + _TOLERANCE_VOXELS
        return bool(np.all(index >= low) and np.all(index <= high))

    def contains_index(self, index: Sequence[float]) -> bool:
        """Return whether (x, y, z) could be the index of a voxel."""
        return bool(np.all(np.asarray(index) >= 0) and np.all(np.asarray(index) < self.size))


def read_extent(path: Path) -> Extent:
    """Read the extent of a CT from the header of its image file.

    Raises
    ------
    Io
        The file is not a 3-D image.
    """
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise Io(f"{path}: cannot read an image header from this file ({reason})") from error
    if reader.GetDimension() != 3:
        raise Io(f"{path}: the image has {reader.GetDimension()} dimensions, expected 3")
    return Extent(
        reader.GetOrigin(),
        reader.GetSpacing(),
        np.array(reader.GetDirection(), np.float64).reshape(3, 3),
        reader.GetSize(),
    )


def check_placement(samples: Sequence[Sample], extents: Mapping[str, Extent], where: str) -> None:
    """Check that every sample lies inside of its CT.

    Raises
    ------
    InvalidArgument
        Samples lie outside. The message lists the first of them, and names swapped axes, signs or
        units if correcting those would put all of them inside.
    """
    outside = [
        sample
        for sample in samples
        if sample.series_uid in extents
        and not extents[sample.series_uid].contains(sample.center_mm)
    ]
    if not outside:
        return
    first = outside[:_SHOWN]
    listed = "\n".join(f"  {_describe(s, extents[s.series_uid])}" for s in first)
    more = f"\n  and {len(outside) - _SHOWN} more" if len(outside) > _SHOWN else ""
    raise InvalidArgument(
        f"{where}: {len(outside)} of {len(samples)} positions lie outside of their CT; expected "
        f"world coordinates x, y, z in mm, LPS. {_explanation(outside, samples, extents)}\n"
        f"{listed}{more}"
    )


def check_diameters(samples: Sequence[Sample], where: str) -> None:
    """Check that diameters are positive and, judging by their median, in mm.

    Raises
    ------
    InvalidArgument
        A diameter is not positive, or the diameters seem to be in another unit.
    """
    diameters = [s.diameter_mm for s in samples if s.diameter_mm is not None]
    for sample in samples:
        if sample.diameter_mm is not None and sample.diameter_mm <= 0:
            raise InvalidArgument(
                f"{where}: the nodule at {_text(sample.center_mm)} of {sample.series_uid} has the "
                f"diameter {sample.diameter_mm:g} mm; expected a number above 0"
            )
    if not diameters:
        return
    middle = median(diameters)
    if not _SMALLEST_MEDIAN_MM <= middle <= _LARGEST_MEDIAN_MM:
        unit = "cm" if middle < _SMALLEST_MEDIAN_MM else "micrometres or voxels"
        raise InvalidArgument(
            f"{where}: half of all diameters are {'below' if unit == 'cm' else 'above'} "
            f"{middle:g}; expected diameters in mm, but these seem to be in {unit}"
        )


def _swapped(axes: tuple[int, int, int]) -> Callable[[Triple, Extent], Triple]:
    return lambda p, _: (p[axes[0]], p[axes[1]], p[axes[2]])


# Common mistakes in the order in which they are tried: a description, and the correction.
_MISTAKES: tuple[tuple[str, Callable[[Triple, Extent], Triple]], ...] = (
    ("The axes seem to be swapped: z, y, x instead of x, y, z.", _swapped((2, 1, 0))),
    ("The axes seem to be swapped: y, x, z instead of x, y, z.", _swapped((1, 0, 2))),
    (
        "The signs of x and y seem to be inverted (RAS instead of LPS).",
        lambda p, _: (-p[0], -p[1], p[2]),
    ),
    ("The unit seems to be cm instead of mm.", lambda p, _: (p[0] * 10, p[1] * 10, p[2] * 10)),
    ("The unit seems to be m instead of mm.", lambda p, _: (p[0] * 1e3, p[1] * 1e3, p[2] * 1e3)),
    (
        "The unit seems to be micrometres instead of mm.",
        lambda p, _: (p[0] / 1e3, p[1] / 1e3, p[2] / 1e3),
    ),
)


def _explanation(
    outside: Sequence[Sample], samples: Sequence[Sample], extents: Mapping[str, Extent]
) -> str:
    if all(extents[s.series_uid].contains_index(s.center_mm) for s in outside):
        return "They seem to be voxel indices instead of mm."
    # A mistake in the whole list has a correction that fits all samples, so these come first.
    placed = [s for s in samples if s.series_uid in extents]
    for group in (placed, outside):
        for description, correct in _MISTAKES:
            positions = ((extents[s.series_uid], s.center_mm) for s in group)
            if all(extent.contains(correct(center, extent)) for extent, center in positions):
                return description
    return (
        "No swap of axes, signs or units explains this; check that the annotations belong to these "
        "CTs."
    )


def _describe(sample: Sample, extent: Extent) -> str:
    last = extent.origin_mm + extent.direction @ (
        (np.asarray(extent.size) - 1) * np.asarray(extent.spacing_mm)
    )
    return (
        f"{_text(sample.center_mm)} of {sample.series_uid}, whose CT reaches from "
        f"{_text(extent.origin_mm)} to {_text(last.tolist())}"
    )


def _text(position: Sequence[float]) -> str:
    return "(" + ", ".join(f"{value:.1f}" for value in position) + ")"
