"""Implantation of nodules into the lungs of a real CT."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from lungrt.errors import InvalidArgument
from lungrt.io.read import as_volume
from lungrt.packages import require_packages
from lungrt.phantom.aerated import aerated_lung, lung_space
from lungrt.phantom.grid import Grid, stream
from lungrt.phantom.options import check_seed
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

_BLUR_MM = 0.6  # standard deviation of a typical scanner's point spread function
_DETAIL_MM = 1.5  # detail finer than this is noise, if the tissue is homogeneous
_TISSUE_HU = (0.0, 120.0)
_LEAST_SAMPLES = 500
_TYPICAL_NOISE_HU = 20.0


def implant(
    ct: Ct,
    nodules: int | tuple[NodulePlan, ...] = 4,
    *,
    seed: int = 0,
    lung: ArrayLike | None = None,
) -> Phantom:
    """Implant nodules into the lungs of a CT.

    Each voxel is mixed by the share that the nodule fills, blurred as by a scanner, with noise of
    the CT's strength and grain. All other voxels are unchanged.

    Parameters
    ----------
    ct
        A CT in any form that `lungrt.Pipeline.run` accepts.
    nodules
        The nodules, or the number of random nodules.
    seed
        Random seed of positions, shapes and noise.
    lung
        Mask of the lungs [slices, rows, columns]; by default the aerated lung is estimated.

    Returns
    -------
    Phantom
        The CT with its implants. Only the implants are known; nodules that the CT had before are
        not.

    Raises
    ------
    lungrt.errors.BadVolume
        No lung was found.
    lungrt.errors.InvalidArgument
        The mask has another shape or is empty, or there is no place for a nodule.
    """
    require_packages("a phantom", ("scipy",), "phantom", InvalidArgument)
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
    # Image files have no series UID, so that the UID has to depend on the voxels.
    uid = make_uid(volume.series_uid, zlib.crc32(volume.hu.tobytes()), seed, plans)
    return Phantom(hu, volume.geometry, uid, _sides(volume, mask), labels, truth)


def _given_mask(lung: ArrayLike, volume: CtVolume) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = np.asarray(lung) != 0
    if mask.shape != volume.shape:
        raise InvalidArgument(
            f"the lung mask has shape {mask.shape}, but the CT has {volume.shape} (slices, rows, "
            "columns); both must have the same shape"
        )
    if not mask.any():
        raise InvalidArgument("the lung mask is empty; expected nonzero voxels in the lungs")
    return mask


def _local_grid(volume: CtVolume) -> Grid:
    """Return the CT's voxel grid in a frame along its axes with the origin at the first voxel."""
    steps = volume.geometry.spacing_mm
    axes = [
        np.arange(n, dtype=np.float64) * step
        for n, step in zip(volume.shape[::-1], steps, strict=True)
    ]
    return Grid(axes[0], axes[1], axes[2], steps, volume.geometry)


def _sides(volume: CtVolume, mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Label the voxels of a lung mask as left or right lung, divided at the middle of the mask."""
    places = np.argwhere(mask)
    direction = np.array(volume.geometry.direction)
    left = places[:, ::-1] * np.array(volume.geometry.spacing_mm) @ direction[0]
    labels = np.zeros(mask.shape, np.uint8)
    middle = (left.min() + left.max()) / 2
    labels[tuple(places.T)] = np.where(left > middle, LABELS["left"], LABELS["right"])
    return labels


def _noise_of(volume: CtVolume) -> tuple[float, float]:
    """Estimate the noise of soft tissue: its strength in HU and its grain in pixels.

    Both are standard deviations.
    """
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
        # The half of the soft tissue with less variation, which has no vessels or edges.
        even &= spread <= np.median(spread[even])
        detail = hu - gaussian_filter(hu, _DETAIL_MM / pixel)
        pairs = even[:, 1:] & even[:, :-1]
        deviations.append(np.square(detail[even]))
        neighbours.append((detail[:, 1:] * detail[:, :-1])[pairs])
    squares = np.concatenate(deviations) if deviations else np.empty(0)
    if squares.size < _LEAST_SAMPLES:
        return _TYPICAL_NOISE_HU, 0.6
    variance = float(squares.mean())
    likeness = float(np.concatenate(neighbours).mean()) / max(variance, 1e-6)
    # White noise blurred by a Gaussian of s pixels has a correlation of exp(-1 / 4 s^2) between
    # neighbours.
    grain = np.sqrt(0.25 / -np.log(np.clip(likeness, 0.02, 0.9)))
    return float(np.sqrt(variance)), float(grain)


def _blend(
    hu: NDArray[np.int16],
    nodule: Planted,
    noise: tuple[float, float],
    spacing_mm: tuple[float, float, float],
    rng: np.random.Generator,
) -> None:
    """Blend a nodule into a reconstructed volume."""
    from scipy.ndimage import gaussian_filter

    # Widen the box, since the blur extends beyond the nodule.
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
    # Voxels that are denser than the nodule are kept, such as vessels in ground glass, or ribs.
    fresh = old + share * (np.maximum(target + grains, old) - old)
    changed = share > 1e-3
    voxels[changed] = np.clip(round_hu(fresh[changed]), hu.min(), hu.max())
