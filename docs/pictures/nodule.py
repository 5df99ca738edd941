"""Draws nodule.png: the nodule that `make demo` finds, in three planes.

    python docs/pictures/nodule.py CT BUNDLE

The picture in the repository shows LIDC-IDRI-0001 (The Cancer Imaging Archive, CC BY 3.0). Needs
lungrt[bench].
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects, pyplot
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy import ndimage

import lungrt

OUTLINE = "#5fd0ff"
WINDOW = {"vmin": -1350, "vmax": 150, "cmap": "gray"}  # the usual lung window
HALF_MM = 55.0


def show(
    axes: Axes,
    planes: tuple[NDArray[np.int16], NDArray[np.bool_]],
    center: tuple[float, float],
    steps_mm: tuple[float, float],
    sides: tuple[str, str, str],
) -> None:
    """Draw a plane around a voxel (row, column of the plane), with the nodule's outline.

    `sides` are the name of the plane and the letters at its left and right edge.
    """
    hu, mask = planes
    axes.imshow(hu, aspect=steps_mm[0] / steps_mm[1], interpolation="bilinear", **WINDOW)
    axes.contour(mask, levels=[0.5], colors=OUTLINE, linewidths=1.3)
    half = HALF_MM / steps_mm[0], HALF_MM / steps_mm[1]
    axes.set_xlim(center[1] - half[1], center[1] + half[1])
    axes.set_ylim(center[0] + half[0], center[0] - half[0])
    edge = patheffects.withStroke(linewidth=2, foreground="black")
    white = {"color": "white", "fontsize": 9, "transform": axes.transAxes, "path_effects": [edge]}
    axes.text(0.03, 0.93, sides[0], **white)
    axes.text(0.03, 0.5, sides[1], **white)
    axes.text(0.97, 0.5, sides[2], ha="right", **white)
    axes.set_axis_off()


def draw(ct: str, bundle: str, path: Path) -> None:
    """Diagnose the CT and draw the first nodule."""
    volume = lungrt.read_ct(ct)
    report = lungrt.Pipeline(bundle, profile="lung").run(volume, keep_masks=True)
    nodule = report.nodules[0]
    hu = np.asarray(volume.hu)
    parts, _ = ndimage.label(np.asarray(report.masks.nodules))
    mask = parts == parts[nodule.index]  # the centre lies inside of this one
    x_mm, y_mm, z_mm = report.geometry.spacing_mm
    slice_, row, column = nodule.index

    mpl.use("Agg")
    figure, (axial, coronal, sagittal) = pyplot.subplots(1, 3, figsize=(9, 3), facecolor="black")
    show(axial, (hu[slice_], mask[slice_]), (row, column), (y_mm, x_mm), ("axial", "R", "L"))
    turned = len(hu) - 1 - slice_  # the head is up
    planes = hu[::-1, row], mask[::-1, row]
    show(coronal, planes, (turned, column), (z_mm, x_mm), ("coronal", "R", "L"))
    planes = hu[::-1, :, column], mask[::-1, :, column]
    show(sagittal, planes, (turned, row), (z_mm, y_mm), ("sagittal", "A", "P"))
    figure.subplots_adjust(0.005, 0.01, 0.995, 0.99, 0.02)
    figure.savefig(path, dpi=110, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    draw(sys.argv[1], sys.argv[2], Path(__file__).with_suffix(".png"))
