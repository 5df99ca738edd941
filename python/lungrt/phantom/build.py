"""A phantom from its options."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lungrt._core import CtVolume
from lungrt.errors import InvalidArgument
from lungrt.phantom.anatomy import build_chest, draw_patient
from lungrt.phantom.grid import CoarseGrid, make_grid, stream
from lungrt.phantom.nodule import draw_shape
from lungrt.phantom.options import PhantomOptions
from lungrt.phantom.placing import Places
from lungrt.phantom.planting import Planted, plant
from lungrt.phantom.regions import OtherRegion
from lungrt.phantom.scanner import Scanner
from lungrt.phantom.tissue import LABELS, ChestTissue
from lungrt.phantom.truth import PlantedNodule, draw_plans, is_malignant, rate
from lungrt.phantom.vessels import grow_branches

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lungrt._core import Geometry
    from lungrt.phantom.anatomy import Chest
    from lungrt.phantom.grid import Grid
    from lungrt.phantom.segments import Segments

__all__ = ["Phantom", "chest"]

_COARSE_STEP_MM = (3.0, 4.0)  # of anatomy, for fine and coarse voxels
_COARSE_VOXEL_MM = 1.5
_USUAL_NODULES = 4


@dataclass(frozen=True)
class Phantom:
    """A synthetic CT and its truth.

    Attributes
    ----------
    hu : numpy.ndarray
        int16 Hounsfield units (slices, rows, columns).
    geometry : lungrt.Geometry
        Where they lie.
    series_uid : str
        Of its options; equal options, equal UID.
    lung_labels : numpy.ndarray
        uint8: 3 left lung, 4 right lung, 5 trachea and main bronchi, 0 elsewhere, as LUNA16's
        masks. A lung is what lies within the pleura: vessels, nodules and airless parts included.
    nodule_labels : numpy.ndarray
        uint8: the number of the nodule that fills at least half of a voxel; 0 elsewhere.
    nodules : tuple of PlantedNodule
        The truth.
    options : PhantomOptions
        What it was made from.
    """

    hu: NDArray[np.int16]
    geometry: Geometry
    series_uid: str
    lung_labels: NDArray[np.uint8]
    nodule_labels: NDArray[np.uint8]
    nodules: tuple[PlantedNodule, ...]
    options: PhantomOptions

    @property
    def lung(self) -> NDArray[np.bool_]:
        """Both lungs as one mask."""
        mask: NDArray[np.bool_] = (self.lung_labels == LABELS["left"]) | (
            self.lung_labels == LABELS["right"]
        )
        return mask

    @property
    def volume(self) -> CtVolume:
        """For `lungrt.Pipeline.run`."""
        return CtVolume(self.hu, self.geometry, series_uid=self.series_uid)


def chest(
    options: PhantomOptions | None = None,
    *,
    progress: Callable[[str, int, int], object] | None = None,
    **changes: Any,
) -> Phantom:
    """Make a phantom.

    ::

        phantom = lungrt.phantom.chest(seed=7, shape=(64, 128, 128), nodules=2)
        report = pipeline.run(phantom.volume)

    Parameters
    ----------
    options
        What it shall be; defaults if not given.
    progress
        Called with a stage, slices done and all slices.
    **changes
        Single fields of `PhantomOptions`.

    Raises
    ------
    lungrt.errors.InvalidArgument
        For options that contradict each other, or nodules that find no place.
    """
    try:
        options = dataclasses.replace(options or PhantomOptions(), **changes)
    except TypeError as error:
        known = ", ".join(field.name for field in dataclasses.fields(PhantomOptions))
        raise InvalidArgument(f"{error}; options of a phantom are {known}") from error
    grid = make_grid(options)
    if options.region != "chest":
        return _without_lungs(options, grid, progress)
    step = _COARSE_STEP_MM[grid.spacing_mm[0] > _COARSE_VOXEL_MM]
    patient = draw_patient(stream(options.seed, "patient"))
    anatomy = build_chest(CoarseGrid(step), patient, options, stream(options.seed, "anatomy"))
    branches = grow_branches(anatomy, options.seed, 0.6 if options.finding == "emphysema" else 1.0)
    planted = _plant_all(anatomy, branches.vessels, grid, options)
    tissue = ChestTissue(anatomy, branches, grid, options)
    scanner = Scanner(options, grid)
    hu = np.empty(grid.shape, np.int16)
    labels = np.zeros(grid.shape, np.uint8)
    for index in range(grid.shape[0]):
        ideal, depth, shares = _thick_slice(tissue, index, grid.sub_slices)
        for nodule in planted:
            nodule.blend(ideal, index)
        hu[index] = scanner.reconstruct(ideal, depth, index)
        for name in ("left", "right"):
            if name in shares:
                labels[index][shares[name] >= 0.5] = LABELS[name]
        airway = (shares["airway"] >= 0.5) & (labels[index] == 0)
        labels[index][airway] = LABELS["airway"]
        if progress:
            progress("phantom", index + 1, grid.shape[0])
    nodule_labels, nodules = _truth(planted, grid, options)
    return Phantom(hu, grid.geometry, _uid(options), labels, nodule_labels, nodules, options)


def _thick_slice(
    tissue: ChestTissue, index: int, sub_slices: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Average the thin slices of a slice."""
    hu, depth, shares = tissue.slice(index * sub_slices)
    for sub_slice in range(index * sub_slices + 1, (index + 1) * sub_slices):
        more_hu, _, more = tissue.slice(sub_slice)
        hu += more_hu
        for name, share in more.items():
            shares[name] += share
    for part in (hu, *shares.values()):
        part /= sub_slices
    return hu, depth, shares


def _without_lungs(
    options: PhantomOptions, grid: Grid, progress: Callable[[str, int, int], object] | None
) -> Phantom:
    region, scanner = OtherRegion(grid, options), Scanner(options, grid)
    hu = np.empty(grid.shape, np.int16)
    for index in range(grid.shape[0]):
        ideal, depth = region.slice(index * grid.sub_slices + grid.sub_slices // 2)
        hu[index] = scanner.reconstruct(ideal, depth, index)
        if progress:
            progress("phantom", index + 1, grid.shape[0])
    nothing = np.zeros(grid.shape, np.uint8)
    return Phantom(hu, grid.geometry, _uid(options), nothing, nothing.copy(), (), options)


def _plant_all(
    anatomy: Chest, vessels: Segments, grid: Grid, options: PhantomOptions
) -> list[Planted]:
    rng = stream(options.seed, "nodules")
    wanted = _USUAL_NODULES if options.nodules is None else options.nodules
    plans = draw_plans(wanted, rng) if isinstance(wanted, int) else wanted

    def in_field(points_mm: NDArray[np.float64], margin_mm: float) -> NDArray[np.bool_]:
        inside = np.ones(len(points_mm), bool)
        for axis, coordinates in zip((grid.x_mm, grid.y_mm, grid.z_mm), points_mm.T, strict=True):
            low, high = min(axis[0], axis[-1]), max(axis[0], axis[-1])
            inside &= (coordinates > low + margin_mm) & (coordinates < high - margin_mm)
        return inside

    places = Places(anatomy, vessels, in_field)
    planted = []
    for plan in plans:
        shape = draw_shape(plan, rng)
        place = places.find(plan, shape.radius_mm, rng)
        nodule = plant(shape, place, grid, places.lung_distance)
        assert nodule is not None, "a place in the field holds the nodule"
        planted.append(nodule)
    return planted


def _truth(
    planted: list[Planted], grid: Grid, options: PhantomOptions
) -> tuple[NDArray[np.uint8], tuple[PlantedNodule, ...]]:
    rng = stream(options.seed, "readers")
    labels = np.zeros(grid.shape, np.uint8)
    nodules = []
    for label, nodule in enumerate(planted, start=1):
        labels[nodule.box][nodule.share >= 0.5] = label
        plan = nodule.shape.plan
        ratings = rate(plan, rng)
        center = nodule.center_mm + grid.offset_mm
        x, y, z = (float(value) for value in center)
        touched = np.argwhere(nodule.share > 0) + [part.start for part in nodule.box]
        edges = touched.min(axis=0) - 0.5, touched.max(axis=0) + 0.5
        corners = np.array([grid.geometry.to_world(edge) for edge in edges])
        low, high = corners.min(axis=0), corners.max(axis=0)
        nodules.append(
            PlantedNodule(
                center_mm=(x, y, z),
                index=grid.geometry.to_index((x, y, z), "exact"),
                diameter_mm=nodule.diameter_mm,
                density=plan.density,
                shape=plan.shape,
                attachment=plan.attachment,
                ratings=ratings,
                malignant=is_malignant(ratings),
                box_mm=(tuple(low.tolist()), tuple(high.tolist())),
                label=label,
            )
        )
    return labels, tuple(nodules)


def _uid(options: PhantomOptions) -> str:
    """Return a UID from the options, below the root that stands for UUIDs."""
    digest = hashlib.sha256(repr(options).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
