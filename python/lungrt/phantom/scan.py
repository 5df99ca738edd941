"""Phantom: a CT together with its known nodules and lungs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungrt._core import CtVolume
from lungrt.phantom.tissue import LABELS
from lungrt.phantom.truth import PlantedNodule, is_malignant, rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lungrt._core import Geometry
    from lungrt.phantom.grid import Grid
    from lungrt.phantom.options import PhantomOptions
    from lungrt.phantom.planting import Planted

__all__ = ["Phantom", "describe", "make_uid"]


@dataclass(frozen=True)
class Phantom:
    """Synthetic CT, or real CT with implanted nodules, and its truth.

    Attributes
    ----------
    hu : numpy.ndarray
        Int16 [slices, rows, columns]; Hounsfield units.
    geometry : lungrt.Geometry
        Geometry of the voxels in world coordinates.
    series_uid : str
        Series UID; equal options give equal UIDs.
    lung_labels : numpy.ndarray
        Uint8 labels as in LUNA16's masks: 3 left lung, 4 right lung, 5 trachea and bronchi, 0
        elsewhere. A lung is everything within the pleura, including vessels, nodules and airless
        parts.
    nodule_labels : numpy.ndarray
        Uint8 number of the nodule that fills at least half of a voxel; 0 elsewhere.
    nodules : tuple of PlantedNodule
        Known nodules.
    options : PhantomOptions or None
        Options that generated the phantom; None for a real CT with implants.
    """

    hu: NDArray[np.int16]
    geometry: Geometry
    series_uid: str
    lung_labels: NDArray[np.uint8]
    nodule_labels: NDArray[np.uint8]
    nodules: tuple[PlantedNodule, ...]
    options: PhantomOptions | None = None

    @property
    def lung(self) -> NDArray[np.bool_]:
        """Both lungs as one mask."""
        mask: NDArray[np.bool_] = (self.lung_labels == LABELS["left"]) | (
            self.lung_labels == LABELS["right"]
        )
        return mask

    @property
    def volume(self) -> CtVolume:
        """The CT as an input of `lungrt.Pipeline.run`."""
        return CtVolume(self.hu, self.geometry, series_uid=self.series_uid)


def describe(
    planted: Sequence[Planted], grid: Grid, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], tuple[PlantedNodule, ...]]:
    """Return the mask of nodules and their truth; `rng` simulates the readers' ratings."""
    labels = np.zeros(grid.shape, np.uint8)
    nodules = []
    for label, nodule in enumerate(planted, start=1):
        labels[nodule.box][nodule.share >= 0.5] = label
        plan = nodule.shape.plan
        ratings = rate(plan, rng)
        center = grid.geometry.to_world(grid.to_voxel(nodule.center_mm))
        # The grid's axes may be reversed in the world, so the corners are sorted there.
        touched = np.argwhere(nodule.share > 0) + [part.start for part in nodule.box]
        edges = touched.min(axis=0) - 0.5, touched.max(axis=0) + 0.5
        corners = np.array([grid.geometry.to_world(edge) for edge in edges])
        low, high = (tuple(c.tolist()) for c in (corners.min(axis=0), corners.max(axis=0)))
        nodules.append(
            PlantedNodule(
                center_mm=center,
                index=grid.geometry.to_index(center, "exact"),
                diameter_mm=nodule.diameter_mm,
                density=plan.density,
                shape=plan.shape,
                attachment=plan.attachment,
                ratings=ratings,
                malignant=is_malignant(ratings),
                box_mm=(low, high),
                label=label,
            )
        )
    return labels, tuple(nodules)


def make_uid(*of: object) -> str:
    """Return a UID that depends only on the arguments, below the root 2.25 of UUIDs."""
    digest = hashlib.sha256(repr(of).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
