"""Overview of a scan: all of it summed up from front to back, as a radiograph does, with marks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from lungrt.pictures.labels import place_labels
from lungrt.pictures.planes import CORONAL, Plane, grey_levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt.pictures.scene import Scene

__all__ = ["Mark", "Overview", "draw_overview"]

_STEP_MM = 1.5  # between pixels
_DEPTH_STEP_MM = 4.0  # between the layers that are summed up
_MOST_PIXELS = 800  # of a side, which a longer scan than of a whole body does not exceed
_LEAST_RADIUS_MM = 6.0


@dataclass(frozen=True)
class Mark:
    """Nodule in the overview.

    Attributes
    ----------
    number
        Its number in the report, from 1.
    center, radius
        Circle around it in pixels; the centre is (column, row).
    label
        Where the middle of its number stands, (column, row).
    suspicious
        Whether it is called malignant.
    """

    number: int
    center: tuple[float, float]
    radius: float
    label: tuple[float, float]
    suspicious: bool


@dataclass(frozen=True)
class Overview:
    """Coronal projection of a scan, seen from the front.

    Attributes
    ----------
    plane
        Its orientation.
    pixels
        Grey levels, uint8 (rows, columns).
    pitch_mm
        Distance between pixels, the same in both directions.
    marks
        The nodules, in the order of the report.
    """

    plane: Plane
    pixels: NDArray[np.uint8]
    pitch_mm: float
    marks: list[Mark]


def draw_overview(scene: Scene) -> Overview:
    """Project the scan from front to back and mark its nodules."""
    geometry, shape = scene.volume.geometry, scene.volume.shape
    corners = np.array(
        [geometry.to_world(corner) for corner in product(*((-0.5, n - 0.5) for n in shape))]
    )
    low, high = corners.min(axis=0), corners.max(axis=0)
    center, extent = (low + high) / 2, high - low
    step = float(max(_STEP_MM, extent[0] / _MOST_PIXELS, extent[2] / _MOST_PIXELS))
    depth = float(max(_DEPTH_STEP_MM, extent[1] / _MOST_PIXELS))
    columns, layers, rows = np.maximum(1, np.rint(extent / (step, depth, step))).astype(int)
    axes = (CORONAL.right, CORONAL.down, (0, 1, 0))
    values = scene.resampler.grid(
        center, axes, (int(layers), int(rows), int(columns)), (step, step, depth)
    )
    density = np.clip(values, -1000, 1500).mean(axis=0, dtype=np.float32)
    pixels = grey_levels(density, _window(density))

    def pixel(position: tuple[float, float, float]) -> tuple[float, float]:
        offset = np.asarray(position) - center
        column = offset @ CORONAL.right / step + (columns - 1) / 2
        row = offset @ CORONAL.down / step + (rows - 1) / 2
        return float(column), float(row)

    nodules = scene.report.nodules
    centers = [pixel(geometry.to_world(nodule.index)) for nodule in nodules]
    radii = [max(_LEAST_RADIUS_MM, 0.7 * nodule.diameter_mm) / step for nodule in nodules]
    labels = place_labels(centers, radii, (int(columns), int(rows)))
    threshold = scene.report.options.malignancy_threshold
    marks = [
        Mark(number, middle, radius, label, (nodule.p_malignant or 0) > threshold)
        for number, (middle, radius, label, nodule) in enumerate(
            zip(centers, radii, labels, nodules, strict=True), start=1
        )
    ]
    return Overview(CORONAL, pixels, step, marks)


def _window(density: NDArray[np.float32]) -> tuple[float, float]:
    """Return what is shown as black and white, so that lungs and spine can be told apart."""
    low, high = np.percentile(density, (2, 99.5))
    return float(low), float(max(high, low + 1))
