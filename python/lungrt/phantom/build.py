"""Generation of a phantom from its options."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from lungrt.errors import InvalidArgument
from lungrt.packages import require_packages
from lungrt.phantom.anatomy import build_chest
from lungrt.phantom.grid import CoarseGrid, make_grid, stream
from lungrt.phantom.options import PhantomOptions
from lungrt.phantom.patient import draw_patient
from lungrt.phantom.placing import LungSpace, plant_all
from lungrt.phantom.regions import OtherRegion
from lungrt.phantom.scan import Phantom, describe, make_uid
from lungrt.phantom.scanner import Scanner
from lungrt.phantom.tissue import LABELS, ChestTissue
from lungrt.phantom.truth import draw_plans
from lungrt.phantom.vessels import grow_branches

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lungrt.phantom.grid import Grid

__all__ = ["chest"]

_COARSE_STEP_MM = (3.0, 4.0)  # of the anatomy's grid, for fine and for coarse voxels
_COARSE_VOXEL_MM = 1.5
_DEFAULT_NODULES = 4
_VESSEL_MM = 0.9  # smallest radius of a vessel that a nodule is attached to


def chest(
    options: PhantomOptions | None = None,
    *,
    progress: Callable[[str, int, int], object] | None = None,
    **changes: Any,
) -> Phantom:
    """Generate a phantom.

    ::

        phantom = lungrt.phantom.chest(seed=7, shape=(64, 128, 128), nodules=2)
        report = pipeline.run(phantom.volume)

    Parameters
    ----------
    options
        Options of the phantom; by default those of `PhantomOptions`.
    progress
        Called with the name of the stage, the number of slices done and the number of all slices.
    **changes
        Fields of `PhantomOptions` that replace those of `options`.

    Returns
    -------
    Phantom

    Raises
    ------
    lungrt.errors.InvalidArgument
        Options contradict each other, or there is no place for a nodule.
    """
    require_packages("a phantom", ("scipy",), "phantom", InvalidArgument)
    known = {field.name for field in dataclasses.fields(PhantomOptions)}
    if unknown := sorted(set(changes) - known):
        raise InvalidArgument(
            f"unknown phantom options {', '.join(unknown)}; the options are "
            f"{', '.join(sorted(known))}"
        )
    options = dataclasses.replace(options or PhantomOptions(), **changes)
    grid = make_grid(options)
    if options.region == "chest":
        return _with_lungs(options, grid, progress)
    region, scanner = OtherRegion(grid, options), Scanner(options, grid)
    hu = np.empty(grid.shape, np.int16)
    for index in range(grid.shape[0]):
        ideal, depth = region.slice(index * grid.sub_slices + grid.sub_slices // 2)
        hu[index] = scanner.reconstruct(ideal, depth, index)
        if progress:
            progress("phantom", index + 1, grid.shape[0])
    nothing = np.zeros(grid.shape, np.uint8)
    return Phantom(hu, grid.geometry, make_uid(options), nothing, nothing.copy(), (), options)


def _with_lungs(
    options: PhantomOptions, grid: Grid, progress: Callable[[str, int, int], object] | None
) -> Phantom:
    step = _COARSE_STEP_MM[grid.spacing_mm[0] > _COARSE_VOXEL_MM]
    patient = draw_patient(stream(options.seed, "patient"))
    anatomy = build_chest(CoarseGrid(step), patient, options, stream(options.seed, "anatomy"))
    branches = grow_branches(anatomy, options.seed, 0.6 if options.finding == "emphysema" else 1.0)
    thick = branches.vessels.radii_mm[:, 1] > _VESSEL_MM
    space = LungSpace(
        anatomy.grid, anatomy.lungs, anatomy.boundaries, branches.vessels.ends_mm[thick, 1]
    )
    rng = stream(options.seed, "nodules")
    wanted = _DEFAULT_NODULES if options.nodules is None else options.nodules
    plans = draw_plans(wanted, rng) if isinstance(wanted, int) else wanted
    planted = plant_all(plans, space, grid, rng)
    tissue, scanner = ChestTissue(anatomy, branches, grid, options), Scanner(options, grid)
    hu = np.empty(grid.shape, np.int16)
    labels = np.zeros(grid.shape, np.uint8)
    for index in range(grid.shape[0]):
        ideal, depth, shares = _thick_slice(tissue, index, grid.sub_slices)
        for nodule in planted:
            nodule.blend(ideal, index)
        hu[index] = scanner.reconstruct(ideal, depth, index)
        for name in ("airway", "left", "right"):  # lungs last: bronchi within the pleura are lung
            if name in shares:
                labels[index][shares[name] >= 0.5] = LABELS[name]
        if progress:
            progress("phantom", index + 1, grid.shape[0])
    nodule_labels, nodules = describe(planted, grid, stream(options.seed, "readers"))
    return Phantom(hu, grid.geometry, make_uid(options), labels, nodule_labels, nodules, options)


def _thick_slice(
    tissue: ChestTissue, index: int, sub_slices: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Return the mean of the thin slices of a slice."""
    hu, depth, shares = tissue.slice(index * sub_slices)
    for sub_slice in range(index * sub_slices + 1, (index + 1) * sub_slices):
        more_hu, _, more = tissue.slice(sub_slice)
        hu += more_hu
        for name, share in more.items():
            shares[name] += share
    for part in (hu, *shares.values()):
        part /= sub_slices
    return hu, depth, shares
