"""Where nodules of a plan may lie in a lung."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lungrt.phantom.anatomy import Chest
    from lungrt.phantom.options import NodulePlan
    from lungrt.phantom.segments import Segments

__all__ = ["Places"]

_MOST_POINTS = 20_000  # that are looked at for one nodule
_APART_MM = 6.0  # between surfaces of nodules
_PLEURA_MM = 3.0  # that a free nodule keeps away
_APEX_MM = 30.0
_SUNK = (0.35, 0.75)  # how deep a centre lies below the pleura, relative to the radius
_VESSEL_MM = 0.9  # least radius of a vessel that a nodule hangs on


class Places:
    """Finds places for nodules, one after the other, so that none touch.

    Parameters
    ----------
    chest
        Where to look.
    vessels
        For nodules that hang on one.
    field
        Tells of patient coordinates (N, x y z) whether they lie in the volume, with a margin in mm.
    """

    def __init__(
        self,
        chest: Chest,
        vessels: Segments,
        field: Callable[[NDArray[np.float64], float], NDArray[np.bool_]],
    ) -> None:
        self._chest, self._vessels, self._field = chest, vessels, field
        self._taken: list[tuple[NDArray[np.float64], float]] = []

    def lung_distance(self, points_mm: NDArray[np.float64]) -> NDArray[np.float32]:
        """Signed distance of the nearer lung's pleura."""
        fields = [self._chest.grid.at(lung, points_mm) for lung in self._chest.lungs.values()]
        return np.minimum.reduce(fields)

    def find(
        self, plan: NodulePlan, reach_mm: float, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return a free place for a nodule and take it.

        Raises
        ------
        lungrt.errors.InvalidArgument
            Where there is none.
        """
        radius = plan.diameter_mm / 2
        points = self._points(plan, rng)
        points = points[self._field(points, radius + 1.0)]
        for point in points:
            if all(
                np.linalg.norm(point - other) > radius + other_radius + _APART_MM
                for other, other_radius in self._taken
            ):
                self._taken.append((point, max(radius, reach_mm)))
                return point
        raise InvalidArgument(
            f"no free place for a {plan.density} nodule of {plan.diameter_mm:g} mm "
            f"({plan.attachment}): plant fewer or smaller ones, or show more of the lungs"
        )

    def _points(self, plan: NodulePlan, rng: np.random.Generator) -> NDArray[np.float64]:
        """Random places that suit a plan, but for what else lies there."""
        radius = plan.diameter_mm / 2
        if plan.attachment in ("chest-wall", "mediastinum", "diaphragm"):
            return self._at_the_pleura(plan.attachment, radius, rng)
        if plan.attachment == "vessel":
            points = self._on_vessels(radius, rng)
        else:
            points = self._nodes(rng)
        keep = radius * 0.6 if plan.attachment == "apex" else radius + _PLEURA_MM
        points = points[self.lung_distance(points) < -keep]
        if plan.attachment == "apex":
            points = points[points[:, 2] > self._top_mm() - _APEX_MM]
        return points

    def _nodes(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Points of the lungs' inside in random order."""
        inside = np.logical_or.reduce([lung < 0 for lung in self._chest.lungs.values()])
        return self._shuffled(inside, rng)

    def _shuffled(self, chosen: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float64]:
        grid = self._chest.grid
        flat = rng.permutation(np.flatnonzero(chosen))[:_MOST_POINTS]
        nodes = np.stack(np.unravel_index(flat, chosen.shape)[::-1], axis=1).astype(np.float64)
        nodes += rng.uniform(-0.5, 0.5, nodes.shape)
        points: NDArray[np.float64] = grid.origin_mm + nodes * grid.step_mm
        return points

    def _at_the_pleura(
        self, attachment: str, radius: float, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Points just inside of one of the lung's boundaries and far from the others."""
        chest = self._chest
        chosen = np.zeros(chest.grid.shape, bool)
        for side, lung in chest.lungs.items():
            bounds = chest.boundaries[side]
            near = bounds[attachment]
            others = [field for name, field in bounds.items() if name != attachment]
            chosen |= (
                (near > -radius * _SUNK[1])
                & (near < -radius * _SUNK[0])
                & (np.maximum.reduce(others) < -radius * 0.9)
                & (lung < -0.3 * radius)
            )
        return self._shuffled(chosen, rng)

    def _on_vessels(self, radius: float, rng: np.random.Generator) -> NDArray[np.float64]:
        thick = self._vessels.radii_mm[:, 1] > _VESSEL_MM
        ends = rng.permutation(self._vessels.ends_mm[thick, 1].astype(np.float64))
        # Beside the vessel, so that it runs along the surface.
        away = rng.standard_normal(ends.shape)
        away /= np.linalg.norm(away, axis=1, keepdims=True)
        points: NDArray[np.float64] = ends + away * (
            radius * rng.uniform(0.5, 0.95, (len(ends), 1))
        )
        return points

    def _top_mm(self) -> float:
        inside = np.logical_or.reduce([lung < 0 for lung in self._chest.lungs.values()])
        highest = int(np.flatnonzero(inside.any(axis=(1, 2)))[-1])
        return float(self._chest.grid.origin_mm[2] + highest * self._chest.grid.step_mm)
