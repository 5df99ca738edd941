# mypy: untyped-calls-exclude=SimpleITK
"""Whether annotations lie in their CTs, and what is wrong where they do not."""

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

_SHOWN = 3  # of the annotations that are wrong

# LUNA16's nodules are 3 to 33 mm; whole lists beyond this are in another unit.
_SMALLEST_MEDIAN_MM = 1.5
_LARGEST_MEDIAN_MM = 80.0

# A voxel beyond the border's centre still belongs to the volume.
_TOLERANCE_VOXELS = 1.0


@dataclass(frozen=True, eq=False)
class Extent:
    """Where a CT lies, without its voxels.

    Attributes
    ----------
    origin_mm, spacing_mm : tuple of float
        In (x, y, z) order.
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
        """Tell whether a world position lies in the volume, or on its border."""
        offset = np.asarray(world_mm, float) - self.origin_mm
        index = np.linalg.solve(self.direction, offset) / self.spacing_mm
        low, high = -_TOLERANCE_VOXELS, np.asarray(self.size) - 1 + _TOLERANCE_VOXELS
        return bool(np.all(index >= low) and np.all(index <= high))

    def contains_index(self, index: Sequence[float]) -> bool:
        """Tell whether (x, y, z) would be a voxel's index."""
        return bool(np.all(np.asarray(index) >= 0) and np.all(np.asarray(index) < self.size))


def read_extent(path: Path) -> Extent:
    """Read where a CT in an image file lies, from its header alone.

    Raises
    ------
    Io
        The file is no image.
    """
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise Io(f"{path}: no header of an image can be read from it ({reason})") from error
    if reader.GetDimension() != 3:
        raise Io(f"{path}: has {reader.GetDimension()} dimensions; a CT has 3")
    return Extent(
        reader.GetOrigin(),
        reader.GetSpacing(),
        np.array(reader.GetDirection(), np.float64).reshape(3, 3),
        reader.GetSize(),
    )


def check_placement(samples: Sequence[Sample], extents: Mapping[str, Extent], where: str) -> None:
    """Hold every sample against the extent of its CT.

    Raises
    ------
    InvalidArgument
        Some lie outside. Names the first of them, and swapped axes, signs or units where those
        would put all of them inside.
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
        f"{where}: {len(outside)} of {len(samples)} positions lie outside their CT; expected world "
        f"coordinates x, y, z in mm, LPS. {_explanation(outside, samples, extents)}\n{listed}{more}"
    )


def check_diameters(samples: Sequence[Sample], where: str) -> None:
    """Refuse diameters that are not positive, or as a whole in another unit than mm.

    Raises
    ------
    InvalidArgument
        Names the first, or the unit that they seem to be in.
    """
    diameters = [s.diameter_mm for s in samples if s.diameter_mm is not None]
    for sample in samples:
        if sample.diameter_mm is not None and sample.diameter_mm <= 0:
            raise InvalidArgument(
                f"{where}: the nodule at {_text(sample.center_mm)} of {sample.series_uid} has the "
                f"diameter {sample.diameter_mm:g} mm; expected more than 0"
            )
    if not diameters:
        return
    middle = median(diameters)
    if not _SMALLEST_MEDIAN_MM <= middle <= _LARGEST_MEDIAN_MM:
        unit = "cm" if middle < _SMALLEST_MEDIAN_MM else "micrometres or voxels"
        raise InvalidArgument(
            f"{where}: half of all diameters are {'below' if unit == 'cm' else 'above'} "
            f"{middle:g}; expected mm, these look like {unit}"
        )


def _swapped(axes: tuple[int, int, int]) -> Callable[[Triple, Extent], Triple]:
    return lambda p, _: (p[axes[0]], p[axes[1]], p[axes[2]])


# Ways to be wrong, tried in this order: what it is called, and what would make it right.
_MISTAKES: tuple[tuple[str, Callable[[Triple, Extent], Triple]], ...] = (
    ("their axes seem to be swapped: z, y, x instead of x, y, z", _swapped((2, 1, 0))),
    ("their axes seem to be swapped: y, x, z instead of x, y, z", _swapped((1, 0, 2))),
    (
        "x and y seem to have the other sign (RAS instead of LPS)",
        lambda p, _: (-p[0], -p[1], p[2]),
    ),
    ("their unit seems to be cm, not mm", lambda p, _: (p[0] * 10, p[1] * 10, p[2] * 10)),
    ("their unit seems to be m, not mm", lambda p, _: (p[0] * 1e3, p[1] * 1e3, p[2] * 1e3)),
    ("their unit seems to be micrometres", lambda p, _: (p[0] / 1e3, p[1] / 1e3, p[2] / 1e3)),
)


def _explanation(
    outside: Sequence[Sample], samples: Sequence[Sample], extents: Mapping[str, Extent]
) -> str:
    if all(extents[s.series_uid].contains_index(s.center_mm) for s in outside):
        return "They seem to be voxel indices, not mm."
    # A list that is wrong as a whole is made right as a whole.
    placed = [s for s in samples if s.series_uid in extents]
    for group in (placed, outside):
        for name, repair in _MISTAKES:
            repaired = ((extents[s.series_uid], s.center_mm) for s in group)
            if all(extent.contains(repair(center, extent)) for extent, center in repaired):
                return name[0].upper() + name[1:] + "."
    return "No swap of axes, sign or unit explains it: do the annotations belong to these CTs?"


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
