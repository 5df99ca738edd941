"""Nodules for the lungs of a real CT."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from lungrt.errors import InvalidArgument
from lungrt.io.read import as_volume
from lungrt.phantom.aerated import aerated_lung, lung_space
from lungrt.phantom.grid import Grid, stream
from lungrt.phantom.options import check_seed, require_scipy
from lungrt.phantom.placing import plant_all
from lungrt.phantom.scan import Phantom, describe, make_uid
from lungrt.phantom.scanner import round_hu
from lungrt.phantom.tissue import LABELS
from lungrt.phantom.truth import draw_plans

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from lungrt._core import CtVolume
    from lungrt.io.read import Ct
    from lungrt.phantom.options import NodulePlan
    from lungrt.phantom.planting import Planted

__all__ = ["implant"]

_BLUR_MM = 0.6  # point spread of an ordinary scanner, standard deviation
_DETAIL_MM = 1.5  # finer than this is noise, where tissue is homogeneous
_TISSUE_HU = (0.0, 120.0)
_LEAST_SAMPLES = 500
_USUAL_NOISE_HU = 20.0


def implant(
    ct: Ct,
    nodules: int | tuple[NodulePlan, ...] = 4,
    *,
    seed: int = 0,
    lung: ArrayLike | None = None,
) -> Phantom:
    """Implant nodules into the lungs of a CT.

    A nodule takes the share of a voxel that it fills, blurred as a scanner does, with noise of the
    CT's own strength and grain; everything else stays to the bit.

    Parameters
    ----------
    ct
        As for `lungrt.Pipeline.run`.
    nodules
        Which, or how many of random kind.
    seed
        Of places, shapes and noise.
    lung
        Mask of the lungs (slices, rows, columns); aerated lung is estimated if not given.

    Returns
    -------
    Phantom
        Truth of the implants alone: what the CT had before is not known here.

    Raises
    ------
    lungrt.errors.BadVolume
        Where no lung is found.
    lungrt.errors.InvalidArgument
        For a mask of another shape or without a voxel, or nodules that find no place.
    """
    require_scipy()
    check_seed(seed)
    volume = as_volume(ct)
    mask = _given_mask(lung, volume) if lung is not None else aerated_lung(volume)
    grid = _local_grid(volume)
    space = lung_space(volume, mask)
    rng = stream(seed, "implants")
    if isinstance(nodules, int) and nodules < 0:
        raise InvalidArgument(f"{nodules} nodules: expected 0 or more")
    plans = draw_plans(nodules, rng) if isinstance(nodules, int) else nodules
    planted = plant_all(plans, space, grid, rng)
    hu = volume.hu.copy()
    noise = _noise_of(volume)
    for nodule in planted:
        _blend(hu, nodule, noise, volume.geometry.spacing_mm, rng)
    labels, truth = describe(planted, grid, stream(seed, "readers"))
    # Files have no series of their own; their voxels tell them apart.
    uid = make_uid(volume.series_uid, zlib.crc32(volume.hu.tobytes()), seed, plans)
    return Phantom(hu, volume.geometry, uid, _sides(volume, mask), labels, truth)


def _given_mask(lung: ArrayLike, volume: CtVolume) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = np.asarray(lung) != 0
    if mask.shape != volume.shape:
        raise InvalidArgument(
            f"the lung mask has shape {mask.shape}, the CT {volume.shape}; both are (slices, rows, "
            "columns)"
        )
    if not mask.any():
        raise InvalidArgument("the lung mask is empty; give one that marks the lungs")
    return mask


def _local_grid(volume: CtVolume) -> Grid:
    """The CT's voxels in a frame of its own: zero at the first voxel, along its axes."""
    steps = volume.geometry.spacing_mm
    axes = [
        np.arange(n, dtype=np.float64) * step
        for n, step in zip(volume.shape[::-1], steps, strict=True)
    ]
    return Grid(axes[0], axes[1], axes[2], steps, volume.geometry)


def _sides(volume: CtVolume, mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Label lungs by the side of the middle of all of it that they lie on."""
    places = np.argwhere(mask)
    direction = np.array(volume.geometry.direction)
    left = places[:, ::-1] * np.array(volume.geometry.spacing_mm) @ direction[0]
    labels = np.zeros(mask.shape, np.uint8)
    middle = (left.min() + left.max()) / 2
    labels[tuple(places.T)] = np.where(left > middle, LABELS["left"], LABELS["right"])
    return labels


def _noise_of(volume: CtVolume) -> tuple[float, float]:
    """Estimate the noise of soft tissue: HU, and grain in pixels (standard deviation)."""
    from scipy.ndimage import gaussian_filter, uniform_filter

    deviations, neighbours = [], []
    pixel = volume.geometry.spacing_mm[0]
    for index in np.linspace(0, volume.shape[0] - 1, 9).astype(int)[1:-1]:
        hu = volume.hu[index].astype(np.float32)
        smooth = uniform_filter(hu, 9)
        spread = np.sqrt(np.maximum(uniform_filter(hu**2, 9) - smooth**2, 0))
        even = (smooth > _TISSUE_HU[0]) & (smooth < _TISSUE_HU[1])
        if not even.any():
            continue
        # The calmer half of soft tissue: no vessels or edges.
        even &= spread <= np.median(spread[even])
        detail = hu - gaussian_filter(hu, _DETAIL_MM / pixel)
        pairs = even[:, 1:] & even[:, :-1]
        deviations.append(np.square(detail[even]))
        neighbours.append((detail[:, 1:] * detail[:, :-1])[pairs])
    squares = np.concatenate(deviations) if deviations else np.empty(0)
    if squares.size < _LEAST_SAMPLES:
        return _USUAL_NOISE_HU, 0.6
    variance = float(squares.mean())
    likeness = float(np.concatenate(neighbours).mean()) / max(variance, 1e-6)
    # White noise blurred by a Gaussian of s pixels has exp(-1 / 4 s^2) between neighbours.
    grain = np.sqrt(0.25 / -np.log(np.clip(likeness, 0.02, 0.9)))
    return float(np.sqrt(variance)), float(grain)


def _blend(
    hu: NDArray[np.int16],
    nodule: Planted,
    noise: tuple[float, float],
    spacing_mm: tuple[float, float, float],
    rng: np.random.Generator,
) -> None:
    """Draw a nodule into a reconstructed volume."""
    from scipy.ndimage import gaussian_filter

    # Room for the blur.
    sigmas = (0.0, _BLUR_MM / spacing_mm[1], _BLUR_MM / spacing_mm[0])
    wider = [int(np.ceil(3 * sigma)) for sigma in sigmas]
    box, pads = [], []
    for part, room, size in zip(nodule.box, wider, hu.shape, strict=True):
        start, stop = max(part.start - room, 0), min(part.stop + room, size)
        box.append(slice(start, stop))
        pads.append((part.start - start, stop - part.stop))
    share = gaussian_filter(np.pad(nodule.share, pads), sigmas)
    target = np.pad(nodule.hu, pads, mode="edge")
    deviation, grain = noise
    grains = gaussian_filter(rng.standard_normal(share.shape), (0, grain, grain))
    grains *= deviation / max(float(grains.std()), 1e-6)
    voxels = hu[tuple(box)]
    old = voxels.astype(np.float32)
    # What is denser than the nodule stays: vessels in ground glass, ribs beside it.
    fresh = old + share * (np.maximum(target + grains, old) - old)
    changed = share > 1e-3
    voxels[changed] = np.clip(round_hu(fresh[changed]), hu.min(), hu.max())
