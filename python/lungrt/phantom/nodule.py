"""Shape and density of a nodule, independent of its position."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt.phantom.options import NodulePlan

__all__ = ["NoduleShape", "draw_shape"]

_SPICULES = 34
_BUMPS = {"smooth": 0.07, "lobulated": 0.42, "spiculated": 0.2}  # relative to the radius
_SOLID_HU = {"solid": (15, 55), "part-solid": (0, 40), "calcified": (20, 60)}
_GROUND_GLASS_HU = (-660, -520)
_CALCIUM_HU = (350, 700)
_TAPER = 0.6  # exponent of the taper; below 1 spicules stay thick near their root
_DIRECTIONS = 2000  # on the sphere, to compute the volume


@dataclass(frozen=True)
class NoduleShape:
    """Shape of a nodule, star-shaped around its centre.

    Attributes
    ----------
    plan : NodulePlan
        Requested nodule.
    lobes : numpy.ndarray
        Bumps of the surface (N, x y z height sharpness), by direction.
    spicules : numpy.ndarray
        Thin cones (N, x y z length width), by direction; lengths are relative to the radius.
    squeeze : numpy.ndarray
        Scale factors of x, y, z.
    radius_mm : float
        Radius without bumps and spicules.
    core : float
        Radius of the solid or calcified core relative to that of the nodule; 0 for none.
    hu, core_hu : float
        Densities of the nodule and its core in Hounsfield units.
    """

    plan: NodulePlan
    lobes: NDArray[np.float32]
    spicules: NDArray[np.float32]
    squeeze: NDArray[np.float32]
    radius_mm: float
    core: float
    hu: float
    core_hu: float

    @property
    def max_radius_mm(self) -> float:
        """Upper bound of the distance of any part from the centre."""
        longest = float(self.spicules[:, 3].max(initial=0.0))
        bumps = float(np.abs(self.lobes[:, 3]).max(initial=0.0))
        return self.radius_mm * float(self.squeeze.max()) * (1 + 3 * bumps + longest)

    def depth(self, offsets_mm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the depth of points below the surface in mm, negative outside.

        Parameters
        ----------
        offsets_mm
            Offsets (..., x y z) from the centre.
        """
        scaled = offsets_mm / self.squeeze
        radius = np.sqrt(np.square(scaled).sum(axis=-1))
        direction = scaled / np.maximum(radius, 1e-3)[..., None]
        surface = self.radius_mm * (1 + self._bumps(direction))
        depth = surface - radius
        for x, y, z, length, width in self.spicules:
            cosine = direction @ np.array([x, y, z], np.float32)
            # Distance from the spicule's axis, and the remaining part of its length.
            beside = radius * np.sqrt(np.maximum(1 - cosine**2, 0))
            along = radius * cosine
            left = 1 - (along - self.radius_mm) / (self.radius_mm * length)
            spike = np.where(
                (left > 0) & (along > 0), width * np.clip(left, 0, 1) ** _TAPER - beside, -99
            )
            depth = np.maximum(depth, spike)
        result: NDArray[np.float32] = depth.astype(np.float32)
        return result

    def _bumps(self, direction: NDArray[np.float32]) -> NDArray[np.float32]:
        bumps = np.zeros(direction.shape[:-1], np.float32)
        for x, y, z, height, sharpness in self.lobes:
            cosine = direction @ np.array([x, y, z], np.float32)
            bumps += height * np.exp(sharpness * (cosine - 1))
        return bumps


def draw_shape(plan: NodulePlan, rng: np.random.Generator) -> NoduleShape:
    """Return a random shape for a plan."""
    bump = _BUMPS[plan.shape]
    count = {"smooth": 4, "lobulated": 7, "spiculated": 8}[plan.shape]
    signs = rng.choice([-0.4, 1.0], count)
    lobes = np.column_stack(
        [_directions(rng, count), bump * signs * rng.uniform(0.6, 1.2, count),
         rng.uniform(4, 11, count)]
    )  # fmt: skip
    radius = plan.diameter_mm / 2
    spicules = np.empty((0, 5))
    if plan.shape == "spiculated":
        lengths = rng.uniform(0.45, 1.1, _SPICULES)
        widths = np.clip(rng.uniform(0.16, 0.28, _SPICULES) * radius, 0.8, 2.4)
        spicules = np.column_stack([_directions(rng, _SPICULES), lengths, widths])
    squeeze = rng.uniform(0.88, 1.14, 3)
    squeeze /= np.prod(squeeze) ** (1 / 3)
    core, core_hu = 0.0, 0.0
    hu = float(rng.uniform(*_SOLID_HU.get(plan.density, _GROUND_GLASS_HU)))
    if plan.density == "part-solid":
        core, core_hu, hu = rng.uniform(0.4, 0.65), hu, float(rng.uniform(*_GROUND_GLASS_HU))
    elif plan.density == "calcified":
        core, core_hu = rng.uniform(0.6, 0.85), float(rng.uniform(*_CALCIUM_HU))
    shape = NoduleShape(
        plan,
        lobes.astype(np.float32),
        spicules.astype(np.float32),
        squeeze.astype(np.float32),
        radius,
        float(core),
        hu,
        float(core_hu),
    )
    # Without its spicules, the nodule has the volume of a sphere of the requested diameter.
    factors = 1 + shape._bumps(_directions(rng, _DIRECTIONS).astype(np.float32))
    volume = float(np.mean(np.clip(factors, 0, None) ** 3))
    return dataclasses.replace(shape, radius_mm=radius / volume ** (1 / 3))


def _directions(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    points = rng.standard_normal((count, 3))
    directions: NDArray[np.float64] = points / np.linalg.norm(points, axis=1, keepdims=True)
    return directions
