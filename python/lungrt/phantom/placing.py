"""Choice of positions for nodules in the lungs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungrt.errors import InvalidArgument
from lungrt.phantom.nodule import draw_shape
from lungrt.phantom.planting import plant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lungrt.phantom.grid import CoarseGrid, Grid
    from lungrt.phantom.options import NodulePlan
    from lungrt.phantom.planting import Planted

__all__ = ["LungSpace", "plant_all"]

_MOST_POINTS = 20_000  # positions that are tried for a nodule
_APART_MM = 6.0  # smallest distance between surfaces of nodules
_PLEURA_MM = 3.0  # smallest distance of a free nodule from the pleura
_APEX_MM = 30.0
_SUNK = (0.35, 0.75)  # depth of a centre below the pleura, relative to the radius
_MARGIN_MM = 1.0  # smallest distance of nodules from the faces of the volume


@dataclass(frozen=True)
class LungSpace:
    """Lungs and the surfaces that nodules attach to, as signed distances in mm, negative inside.

    Attributes
    ----------
    grid : CoarseGrid
        Grid on which the distances are sampled.
    lungs : dict
        Distance from the pleura, by side.
    boundaries : dict
        Distances from parts of the pleura, by side and then by chest-wall, mediastinum and
        diaphragm.
    vessels_mm : numpy.ndarray
        Points (N, x y z) in vessels that a nodule may be attached to.
    head : float
        1 if z increases towards the head, -1 if towards the feet.
    """

    grid: CoarseGrid
    lungs: dict[str, NDArray[np.float32]]
    boundaries: dict[str, dict[str, NDArray[np.float32]]]
    vessels_mm: NDArray[np.float32]
    head: float = 1.0

    def distance(self, points_mm: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the signed distance of points (N, x y z) from the pleura of the nearer lung."""
        fields = [self.grid.at(lung, points_mm) for lung in self.lungs.values()]
        nearest: NDArray[np.float32] = np.minimum.reduce(fields)
        return nearest

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Mask of the grid's nodes that lie in a lung."""
        inside: NDArray[np.bool_] = np.logical_or.reduce([f < 0 for f in self.lungs.values()])
        return inside


def plant_all(
    plans: Sequence[NodulePlan], space: LungSpace, grid: Grid, rng: np.random.Generator
) -> list[Planted]:
    """Plant nodules one after the other so that they do not touch each other.

    Raises
    ------
    lungrt.errors.InvalidArgument
        There is no place for a nodule.
    """
    planted: list[Planted] = []
    for number, plan in enumerate(plans, start=1):
        shape = draw_shape(plan, rng)
        radius = shape.radius_mm
        points = _candidate_points(space, plan, rng)
        points = points[grid.holds(points, radius + _MARGIN_MM)]
        for other in planted:
            apart = np.linalg.norm(points - other.place_mm, axis=1)
            points = points[apart > radius + other.shape.radius_mm + _APART_MM]
        if not len(points):
            raise InvalidArgument(
                f"nodule {number} of {len(plans)}, {plan.diameter_mm:g} mm ({plan.attachment}): "
                "there is no free place for it in the lungs of this volume; plant fewer or smaller "
                "nodules, attach them elsewhere, or use a volume that shows more of the lungs"
            )
        planted.append(plant(shape, points[0], grid, space.distance))
    return planted


def _candidate_points(
    space: LungSpace, plan: NodulePlan, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return random positions that suit a plan, without regard to other nodules."""
    radius = plan.diameter_mm / 2
    if plan.attachment in ("chest-wall", "mediastinum", "diaphragm"):
        return _at_the_pleura(space, plan.attachment, radius, rng)
    if plan.attachment == "vessel":
        points = _on_vessels(space, radius, rng)
    else:
        points = _shuffled(space.grid, space.inside, rng)
    if plan.attachment == "apex":
        levels = np.flatnonzero(space.inside.any(axis=(1, 2))) * space.grid.step_mm
        top = float(((space.grid.origin_mm[2] + levels) * space.head).max())
        points = points[points[:, 2] * space.head > top - _APEX_MM]
        return points[space.distance(points) < -0.6 * radius]
    return points[space.distance(points) < -radius - _PLEURA_MM]


def _shuffled(
    grid: CoarseGrid, chosen: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float64]:
    flat = rng.permutation(np.flatnonzero(chosen))[:_MOST_POINTS]
    nodes = np.stack(np.unravel_index(flat, chosen.shape)[::-1], axis=1).astype(np.float64)
    nodes += rng.uniform(-0.5, 0.5, nodes.shape)
    points: NDArray[np.float64] = grid.origin_mm + nodes * grid.step_mm
    return points


def _at_the_pleura(
    space: LungSpace, attachment: str, radius: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return points just inside of one boundary of a lung and far from the others."""
    chosen = np.zeros(space.grid.shape, bool)
    for side, lung in space.lungs.items():
        bounds = space.boundaries[side]
        others = [field for name, field in bounds.items() if name != attachment]
        chosen |= (
            (bounds[attachment] > -radius * _SUNK[1])
            & (bounds[attachment] < -radius * _SUNK[0])
            & (np.maximum.reduce(others) < -radius * 0.9)
            & (lung < -0.3 * radius)
        )
    return _shuffled(space.grid, chosen, rng)


def _on_vessels(space: LungSpace, radius: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return points beside vessels, so that a vessel runs along the nodule's surface."""
    ends = rng.permutation(space.vessels_mm.astype(np.float64))[:_MOST_POINTS]
    away = rng.standard_normal(ends.shape)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    points: NDArray[np.float64] = ends + away * (radius * rng.uniform(0.5, 0.95, (len(ends), 1)))
    return points
