"""Draw lung_field.png: the nodules of a phantom and the lung field, axial and coronal.

    python docs/pictures/lung_field.py

This takes half a minute and needs lungrt[phantom,bench].
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from numpy.typing import NDArray

import lungrt
from lungrt.phantom import NodulePlan, chest

FIELD, NODULE = "#ffb347", "#5fd0ff"
WINDOW = {"vmin": -1000, "vmax": 300, "cmap": "gray"}


def show(axes: Axes, hu: NDArray[np.int16], field: NDArray[np.bool_], aspect: float) -> None:
    """Draw a plane and the outline of the field in it."""
    axes.imshow(hu, aspect=aspect, interpolation="bilinear", **WINDOW)
    axes.contour(field, levels=[0.5], colors=FIELD, linewidths=1.1)
    axes.set_axis_off()


def draw(path: Path) -> None:
    """Make the phantom, find its field and write the picture."""
    plans = (
        NodulePlan(22, attachment="chest-wall"),
        NodulePlan(16, shape="spiculated"),
        NodulePlan(14, attachment="mediastinum"),
    )
    phantom = chest(seed=7, shape=(126, 256, 256), nodules=plans)
    field = np.asarray(lungrt.find_lung_field(phantom.volume).mask)
    x_mm, y_mm, z_mm = phantom.geometry.spacing_mm
    slice_, row, _ = phantom.nodules[0].index

    mpl.use("Agg")
    figure, (axial, coronal) = pyplot.subplots(1, 2, figsize=(9, 3.9), facecolor="black")
    show(axial, phantom.hu[slice_], field[slice_], y_mm / x_mm)
    show(coronal, phantom.hu[::-1, row], field[::-1, row], z_mm / x_mm)
    for nodule in phantom.nodules:
        at, y, x = nodule.index
        radius_mm = nodule.diameter_mm / 2
        for axes, place, distance_mm, step_mm in (
            (axial, (x, y), abs(at - slice_) * z_mm, (x_mm, y_mm)),
            (coronal, (x, len(phantom.hu) - 1 - at), abs(y - row) * y_mm, (x_mm, z_mm)),
        ):
            if distance_mm < radius_mm:
                size = [2 * (radius_mm + 5) / step for step in step_mm]
                axes.add_patch(
                    mpl.patches.Ellipse(place, *size, fill=False, color=NODULE, linewidth=1.4)
                )
    figure.subplots_adjust(0.01, 0.01, 0.99, 0.99, 0.02)
    figure.savefig(path, dpi=110, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    draw(Path(__file__).with_suffix(".png"))
