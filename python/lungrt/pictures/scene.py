"""A diagnosed CT, ready to be drawn: voxels, nodules and their masks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lungrt.errors import InvalidArgument
from lungrt.lesion import lesion_voxels
from lungrt.pictures.outline import outline
from lungrt.pictures.planes import PLANES, Plane, View, grey_levels
from lungrt.pictures.resampling import Resampler

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt import _core

__all__ = ["Scene"]

_PIXELS = 129  # of a side of a view; odd, so that one pixel is in the middle
_LEAST_WIDTH_MM = 60.0
_MARGIN = 1.8  # width of a view in widths of its nodule


@dataclass(frozen=True)
class Scene:
    """Volume, and the report that was made of it with its masks.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the report has no masks, or was made of a volume of another shape or geometry.
    """

    volume: _core.CtVolume
    report: _core.Report

    def __post_init__(self) -> None:
        if self.report.masks is None:
            raise InvalidArgument(
                "the report has no masks, which pictures need; run the pipeline with "
                "keep_masks=True"
            )
        here, there = self.volume, self.report
        if here.shape != there.shape or here.geometry != there.geometry:
            raise InvalidArgument(
                f"the report was made of another CT: it has the shape {there.shape} (slices, rows, "
                f"columns) and {there.geometry}, the given CT {here.shape} and {here.geometry}; "
                "give the CT that was diagnosed"
            )

    @cached_property
    def resampler(self) -> Resampler:
        """The voxels, in Hounsfield units."""
        return Resampler(self.volume.hu, self.volume.geometry)

    @cached_property
    def labels(self) -> NDArray[np.int32]:
        """Labels of all candidates, (slices, rows, columns)."""
        assert self.report.masks is not None  # checked when the scene was made
        return self.report.masks.labels

    def view(self, nodule: _core.Nodule, plane: Plane) -> View:
        """Return a plane through the centre of a nodule, in the lung window, with its outline."""
        center = self.volume.geometry.to_world(nodule.index)
        step = max(_LEAST_WIDTH_MM, _MARGIN * max(nodule.extent_mm)) / _PIXELS
        mask, box = lesion_voxels(self.labels, nodule)
        # With a border of zeros, between which and the mask the outline runs.
        first = [axis.start - 1 for axis in box]
        padded = np.pad(mask.astype(np.float32), 1)
        lesion = Resampler(padded, self.volume.geometry, first, outside=0)
        where = (center, plane.right, plane.down, (_PIXELS, _PIXELS), step)
        pixels = grey_levels(self.resampler.plane(*where))
        return View(plane, pixels, step, outline(lesion.plane(*where)))

    def views(self, nodule: _core.Nodule) -> list[View]:
        """Return the three planes through a nodule."""
        return [self.view(nodule, plane) for plane in PLANES]
