"""Simple estimate of the aerated lung in a real CT, and of the surfaces that nodules attach to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lungrt.errors import BadVolume
from lungrt.phantom.grid import CoarseGrid
from lungrt.phantom.placing import LungSpace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt._core import CtVolume

__all__ = ["aerated_lung", "lung_space"]

_AIR_HU = -400.0
_STEP_MM = 2.0  # of the coarse grid
_LEAST_ML = 100.0  # smallest volume of a lung
_CLOSING_MM = 6.0  # radius that closes vessels and notches of the surface
# Lung is denser than the median of the air around the body by at least this, airways are not.
_FREE_AIR_HU = 45.0
_VESSEL_HU = -400.0
_VESSEL_DEPTH_MM = 6.0
_FLAT = 0.55  # component of a surface's normal from which it faces along an axis
_FAR = -1e3


def aerated_lung(volume: CtVolume) -> NDArray[np.bool_]:
    """Estimate the lungs of a healthy chest: enclosed air without the airway, but with vessels.

    The result is for implanting nodules and does not replace `lungrt.find_lung_field`: dense tissue
    at the pleura is left out.

    Returns
    -------
    numpy.ndarray
        Bool [slices, rows, columns].

    Raises
    ------
    lungrt.errors.BadVolume
        The CT has no enclosed air of at least 100 ml.
    """
    from scipy import ndimage

    hu, spacing = volume.hu, volume.geometry.spacing_mm[::-1]
    air = hu < _AIR_HU
    enclosed = air.copy()
    for plane in enclosed:  # slice by slice, since in 3-D the lungs are connected to outside air
        pieces, _ = ndimage.label(plane)
        border = np.unique(np.concatenate([pieces[[0, -1]].ravel(), pieces[:, [0, -1]].ravel()]))
        plane[np.isin(pieces, border)] = False
    around = hu[air & ~enclosed]
    around = around[around > -1024 - 1]  # without padding
    free_air = float(np.median(around)) if around.size else -1000.0
    smooth = ndimage.uniform_filter(hu.astype(np.float32), [max(1, round(5 / s)) for s in spacing])
    lung = enclosed & (smooth > free_air + _FREE_AIR_HU)
    pieces, count = ndimage.label(lung)
    sizes = np.bincount(pieces.ravel(), minlength=count + 1) * volume.geometry.voxel_volume_mm3
    sizes[0] = 0
    lung = (sizes >= _LEAST_ML * 1000)[pieces]
    if not lung.any():
        raise BadVolume(
            "no aerated lung found: the CT has no enclosed air of at least "
            f"{_LEAST_ML:g} ml; give a CT of the chest, or a mask of its lungs"
        )
    # On a coarse grid of cubes, so that the closing is isotropic.
    grid = _grid_over(volume)
    coarse = _to_coarse(volume, grid, lung)
    far = ndimage.distance_transform_edt(~coarse, sampling=_STEP_MM) > _CLOSING_MM
    coarse |= ndimage.distance_transform_edt(~far, sampling=_STEP_MM) > _CLOSING_MM
    nearest = [
        np.minimum(np.rint(np.arange(n) * s / _STEP_MM).astype(np.intp), m - 1)
        for n, s, m in zip(volume.shape, spacing, grid.shape, strict=True)
    ]
    closed: NDArray[np.bool_] = lung | coarse[np.ix_(*nearest)]
    return closed


def lung_space(volume: CtVolume, mask: NDArray[np.bool_]) -> LungSpace:
    """Describe the lungs of a mask in the frame of the volume's axes."""
    from scipy import ndimage

    grid = _grid_over(volume)
    coarse = _to_coarse(volume, grid, mask)
    inside = ndimage.distance_transform_edt(coarse, sampling=_STEP_MM)
    outside = ndimage.distance_transform_edt(~coarse, sampling=_STEP_MM)
    # Distances are between grid nodes, and the surface lies half a step before the other node.
    half = np.where(coarse, -_STEP_MM / 2, _STEP_MM / 2)
    field = (outside - inside - half).astype(np.float32)
    points = np.argwhere(mask & (volume.hu > _VESSEL_HU))[:, ::-1]
    points = points * np.array(volume.geometry.spacing_mm)
    points = points[grid.at(field, points) < -_VESSEL_DEPTH_MM].astype(np.float32)
    head = 1.0 if volume.geometry.direction[2][2] >= 0 else -1.0
    return LungSpace(grid, {"both": field}, {"both": _boundaries(volume, field)}, points, head)


def _grid_over(volume: CtVolume) -> CoarseGrid:
    spacing = volume.geometry.spacing_mm
    lengths = [(n - 1) * s for n, s in zip(volume.shape[::-1], spacing, strict=True)]
    return CoarseGrid(_STEP_MM, tuple((0.0, max(length, _STEP_MM)) for length in lengths))


def _to_coarse(volume: CtVolume, grid: CoarseGrid, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy import ndimage

    spacing = volume.geometry.spacing_mm[::-1]
    nodes = [np.arange(n) * _STEP_MM / s for n, s in zip(grid.shape, spacing, strict=True)]
    share = ndimage.map_coordinates(
        mask.astype(np.float32), np.meshgrid(*nodes, indexing="ij"), order=1, mode="nearest"
    )
    inside: NDArray[np.bool_] = share >= 0.5
    return inside


def _boundaries(volume: CtVolume, field: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Divide the pleura by the direction that it faces: down, to the middle, or outwards."""
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(field, 2.0)
    normal = np.stack(np.gradient(smooth)[::-1])  # outwards; x, y, z along the volume's axes
    normal /= np.maximum(np.linalg.norm(normal, axis=0), 1e-6)
    direction = np.array(volume.geometry.direction)
    normal = np.tensordot(direction, normal, axes=1)  # in world coordinates
    indices = ndimage.distance_transform_edt(field < 0, return_distances=False, return_indices=True)
    facing = normal[:, indices[0], indices[1], indices[2]]
    nodes = np.argwhere(field < 0)[:, ::-1] @ direction.T * _STEP_MM
    left = nodes[:, 0]
    middle = (left.min() + left.max()) / 2 if len(left) else 0.0
    z, y, x = np.ogrid[tuple(slice(n) for n in field.shape)]
    side = np.sign(
        (x * direction[0, 0] + y * direction[0, 1] + z * direction[0, 2]) * _STEP_MM - middle
    )
    down = facing[2] < -_FLAT
    inwards = (facing[0] * side < -_FLAT) & ~down
    parts = {"diaphragm": down, "mediastinum": inwards, "chest-wall": ~(down | inwards)}
    return {name: np.where(part, field, _FAR).astype(np.float32) for name, part in parts.items()}
