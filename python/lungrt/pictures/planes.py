"""The three planes in which nodules are shown, and the picture of one plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "AXIAL",
    "CORONAL",
    "LUNG_WINDOW",
    "PLANES",
    "SAGITTAL",
    "Plane",
    "View",
    "bar_length_mm",
    "grey_levels",
]

LUNG_WINDOW = (-1350.0, 150.0)
"""Hounsfield units that are shown as black and white: the usual lung window."""


_BARS_MM = (100, 50, 20, 10, 5, 2, 1)


@dataclass(frozen=True)
class Plane:
    """Orientation of a picture in the patient.

    Attributes
    ----------
    name
        Name of the plane.
    right, down
        World directions (x, y, z; LPS) in which columns and rows of the picture grow.
    sides
        Letters at the left, right, upper and lower edge.
    """

    name: str
    right: tuple[float, float, float]
    down: tuple[float, float, float]
    sides: tuple[str, str, str, str]


# As radiologists look at them: from the feet, from the front, and from the patient's left.
AXIAL = Plane("axial", (1, 0, 0), (0, 1, 0), ("R", "L", "A", "P"))
CORONAL = Plane("coronal", (1, 0, 0), (0, 0, -1), ("R", "L", "H", "F"))
SAGITTAL = Plane("sagittal", (0, 1, 0), (0, 0, -1), ("A", "P", "H", "F"))
PLANES = (AXIAL, CORONAL, SAGITTAL)


@dataclass(frozen=True)
class View:
    """Picture of a plane through a nodule.

    Attributes
    ----------
    plane
        Its orientation.
    pixels
        Grey levels, uint8 (rows, columns). The centre of the nodule is in the middle pixel.
    pitch_mm
        Distance between pixels, the same in both directions.
    outline
        Lines (points, 2) in pixels (column, row), where (0, 0) is the centre of the first pixel.
    """

    plane: Plane
    pixels: NDArray[np.uint8]
    pitch_mm: float
    outline: list[NDArray[np.float64]]

    @property
    def cross(self) -> tuple[float, float]:
        """Position (column, row) of the nodule's centre in pixels."""
        rows, columns = self.pixels.shape
        return (columns - 1) / 2, (rows - 1) / 2


def bar_length_mm(width_mm: float) -> int:
    """Return the length of the scale bar of a picture: a round one, about a third of its width."""
    return next((length for length in _BARS_MM if length < 0.34 * width_mm), _BARS_MM[-1])


def grey_levels(
    values: NDArray[np.generic], window: tuple[float, float] = LUNG_WINDOW
) -> NDArray[np.uint8]:
    """Return the grey levels of values, of which those in the window are told apart."""
    low, high = window
    scaled = (values.astype(np.float32) - low) * (255 / (high - low))
    levels: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return levels
