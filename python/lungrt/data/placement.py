# mypy: untyped-calls-exclude=SimpleITK
"""Checks whether annotations lie inside of their CTs, with a diagnosis of common mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lungrt.errors import InvalidArgument, Io

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lungrt import CtVolume
    from lungrt.data.annotations import Position

__all__ = ["Extent", "Placed", "check_diameters", "check_placement", "likely_swap", "read_extent"]

_SHOWN = 3  # most wrong annotations that a message lists

# LUNA16's nodules have 3 to 33 mm; a list whose median is beyond these is in another unit.
_SMALLEST_MEDIAN_MM = 1.5
_LARGEST_MEDIAN_MM = 80.0

# Positions up to one voxel outside of the outermost voxel centres are accepted.
_TOLERANCE_VOXELS = 1.0


class Placed(Protocol):
    """Annotation of a CT, such as a nodule."""

    @property
    def series_uid(self) -> str:
        """Series of the CT."""

    @property
    def center_mm(self) -> Position:
        """World coordinates (x, y, z) in mm, LPS."""

    @property
    def diameter_mm(self) -> float | None:
        """Diameter; None if it was not measured."""


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

    origin_mm: Position
    spacing_mm: Position
    direction: NDArray[np.float64]
    size: tuple[int, int, int]

    @classmethod
    def of(cls, volume: CtVolume) -> Extent:
        """Return the extent of a volume."""
        slices, rows, columns = volume.shape
        geometry = volume.geometry
        return cls(
            geometry.origin_mm,
            geometry.spacing_mm,
            np.array(geometry.direction, np.float64),
            (columns, rows, slices),
        )

    def index_of(self, world_mm: Sequence[float]) -> NDArray[np.floating]:
        """Return the index (x, y, z) of world coordinates, by the exact inverse, not rounded."""
        offset = np.asarray(world_mm, float) - self.origin_mm
        index: NDArray[np.floating] = np.linalg.solve(self.direction, offset) / self.spacing_mm
        return index

    def contains(self, world_mm: Sequence[float]) -> bool:
        """Return whether world coordinates lie in the volume or on its border."""
        index = self.index_of(world_mm)
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
    import SimpleITK

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


def check_placement(samples: Sequence[Placed], extents: Mapping[str, Extent], where: str) -> None:
    """Check that every sample lies inside of its CT.

    Raises
    ------
    InvalidArgument
        Samples lie outside. The message lists the first of them, and names swapped axes, signs or
        units if correcting those would put all of them inside.
    """
    placed = [sample for sample in samples if sample.series_uid in extents]
    outside = [s for s in placed if not extents[s.series_uid].contains(s.center_mm)]
    if not outside:
        return
    first = outside[:_SHOWN]
    listed = "\n".join(f"  {_describe(s, extents[s.series_uid])}" for s in first)
    more = f"\n  and {len(outside) - _SHOWN} more" if len(outside) > _SHOWN else ""
    raise InvalidArgument(
        f"{where}: {len(outside)} of {len(samples)} positions lie outside of their CT; expected "
        f"world coordinates x, y, z in mm, LPS. {_explanation(outside, placed, extents)}\n"
        f"{listed}{more}"
    )


def check_diameters(samples: Sequence[Placed], where: str) -> None:
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


_Correction = tuple[str, "Callable[[Position], Position]"]

# Common mistakes in the order in which they are tried: a description, and the correction.
_SWAPS: tuple[_Correction, ...] = (
    (
        "The axes seem to be swapped: z, y, x instead of x, y, z.",
        lambda p: (p[2], p[1], p[0]),
    ),
    (
        "The axes seem to be swapped: y, x, z instead of x, y, z.",
        lambda p: (p[1], p[0], p[2]),
    ),
    (
        "The signs of x and y seem to be inverted (RAS instead of LPS).",
        lambda p: (-p[0], -p[1], p[2]),
    ),
)
_UNITS: tuple[_Correction, ...] = (
    ("The unit seems to be cm instead of mm.", lambda p: (p[0] * 10, p[1] * 10, p[2] * 10)),
    ("The unit seems to be m instead of mm.", lambda p: (p[0] * 1e3, p[1] * 1e3, p[2] * 1e3)),
    (
        "The unit seems to be micrometres instead of mm.",
        lambda p: (p[0] / 1e3, p[1] / 1e3, p[2] / 1e3),
    ),
)


def likely_swap(center_mm: Position, extent: Extent) -> str:
    """Return which swap of axes or signs would put a position inside of its CT, or "".

    Units are not tried: they only follow from many positions.
    """
    return _mistake([(center_mm, extent)], _SWAPS) or ""


def _mistake(
    positions: Sequence[tuple[Position, Extent]], mistakes: Sequence[_Correction]
) -> str | None:
    for description, correct in mistakes:
        if all(extent.contains(correct(center)) for center, extent in positions):
            return description
    return None


def _explanation(
    outside: Sequence[Placed], placed: Sequence[Placed], extents: Mapping[str, Extent]
) -> str:
    if all(extents[s.series_uid].contains_index(s.center_mm) for s in outside):
        return "They seem to be voxel indices instead of mm."
    # A mistake in the whole list has a correction that fits all of it, so these come first.
    for group in (placed, outside):
        positions = [(s.center_mm, extents[s.series_uid]) for s in group]
        if mistake := _mistake(positions, (*_SWAPS, *_UNITS)):
            return mistake
    return (
        "No swap of axes, signs or units explains this; check that the annotations belong to these "
        "CTs."
    )


def _describe(sample: Placed, extent: Extent) -> str:
    last = extent.origin_mm + extent.direction @ (
        (np.asarray(extent.size) - 1) * np.asarray(extent.spacing_mm)
    )
    return (
        f"{_text(sample.center_mm)} of {sample.series_uid}, whose CT reaches from "
        f"{_text(extent.origin_mm)} to {_text(last.tolist())}"
    )


def _text(position: Sequence[float]) -> str:
    return "(" + ", ".join(f"{value:.1f}" for value in position) + ")"
