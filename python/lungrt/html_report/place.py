"""Where nodules lie, in words that hold for every patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungrt import _core

__all__ = ["LungExtent", "counted_from"]

_STRIDE = 4  # between the voxels of the lung field that are looked at, along each axis
_MIDLINE_MM = 10.0  # on both sides of the middle, where no side is told


@dataclass(frozen=True)
class LungExtent:
    """Box around the lung field in the patient's axes.

    Attributes
    ----------
    low, high
        Its corners, world positions (x, y, z) in mm.
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    @classmethod
    def of(cls, report: _core.Report) -> LungExtent | None:
        """Return the extent of a report's lung field; None if the run did not look for one."""
        if report.lung_field is None or report.masks is None:
            return None
        field = np.asarray(report.masks.lung_field)[::_STRIDE, ::_STRIDE, ::_STRIDE]
        voxels = np.argwhere(field)[:, ::-1] * _STRIDE  # (column, row, slice)
        if len(voxels) == 0:
            return None
        geometry = report.geometry
        world = (voxels * geometry.spacing_mm) @ np.transpose(geometry.direction)
        world += geometry.origin_mm
        low, high = world.min(axis=0), world.max(axis=0)
        return cls(tuple(low.tolist()), tuple(high.tolist()))

    def words(self, center_mm: Sequence[float]) -> str:
        """Return half and thirds of the lung field in which a position lies.

        Sides and levels are those of the field's box: no lobe is told, and a patient with one lung
        has two halves as well.
        """
        x, y, z = center_mm
        middle = (self.low[0] + self.high[0]) / 2
        if abs(x - middle) <= _MIDLINE_MM:
            side = "near the middle"
        else:
            side = "left half" if x > middle else "right half"
        level = self._third(z, 2, ("lower third", "middle third", "upper third"))
        depth = self._third(y, 1, ("front", "middle", "back"))
        return f"{side}, {level}, {depth}"

    def _third(self, value: float, axis: int, names: tuple[str, str, str]) -> str:
        share = (value - self.low[axis]) / max(self.high[axis] - self.low[axis], 1e-9)
        return names[min(2, max(0, int(share * 3)))]


def counted_from(geometry: _core.Geometry) -> str:
    """Return from which side of the patient slices are counted, e.g. ``feet``."""
    normal = [row[2] for row in geometry.direction]
    axis = int(np.argmax(np.abs(normal)))
    sides = (("right", "left"), ("front", "back"), ("feet", "head"))[axis]
    return sides[0] if normal[axis] > 0 else sides[1]
