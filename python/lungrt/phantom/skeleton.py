"""Ribs, clavicles, shoulder blades and the backs of vertebrae as pieces of tube."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lungrt.phantom.anatomy import SIDES
from lungrt.phantom.patient import spine_y_mm
from lungrt.phantom.segments import Segments, merge, path_segments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt.phantom.anatomy import Chest

__all__ = ["VERTEBRA_MM", "bones", "cartilage"]

VERTEBRA_MM = 23.0  # from one disc to the next
_RIBS = 11
_RIB_OUTSIDE_MM = 5.5  # distance of ribs from the pleura
_BONY = 0.72  # bony share of a rib's length from the spine; the rest is cartilage
_POINTS = 40


def bones(chest: Chest) -> Segments:
    """Return all bones with a cortex and marrow that are drawn as pieces."""
    parts = [*_ribs(chest, 0.0, _BONY), *_vertebral_arches(chest), *_shoulders(chest)]
    return merge(parts)


def cartilage(chest: Chest) -> Segments:
    """Return the cartilage at the front ends of the ribs."""
    return merge(_ribs(chest, _BONY, 1.0))


def _ribs(chest: Chest, first: float, last: float) -> list[Segments]:
    parts = []
    fractions = np.linspace(first, last, _POINTS)
    for sign in SIDES.values():
        for rib in range(_RIBS):
            back_z = chest.patient.apex - 4 - VERTEBRA_MM * rib * 0.98
            drop = 30 + 46 * min(rib / 5, 1.3)
            z = back_z - drop * fractions**1.15
            # From beside the spine around to the front.
            angle = np.deg2rad(12 + 156 * fractions)
            path = _on_the_cavity(chest, angle, z, sign)
            # Ribs are thinner at the ends.
            radii = 4.6 - 1.2 * np.abs(2 * fractions - 0.9) ** 2
            parts.append(path_segments(path, radii))
            if first == 0.0:
                head = np.array([sign * 12, spine_y_mm(chest.patient, back_z) + 6, back_z + 4])
                parts.append(path_segments(np.stack([head, path[0]]), np.array([4.0, 4.5])))
    return parts


def _on_the_cavity(
    chest: Chest, angle: NDArray[np.float64], z: NDArray[np.float64], sign: float
) -> NDArray[np.float32]:
    """Return points just outside of the pleura, at angles around the middle from the back."""
    way = np.stack([sign * np.sin(angle), np.cos(angle), np.zeros_like(angle)], axis=1)
    radius = np.linspace(20, 170, 101)
    # The first rib lies over the apex, not beside it.
    level = np.minimum(z, chest.patient.apex - 14)
    middle = np.stack([np.zeros_like(z), np.full_like(z, 12), level], axis=1)
    ray = middle[:, None] + way[:, None] * radius[None, :, None]
    depth = chest.grid.at(chest.cavity, ray.reshape(-1, 3)).reshape(len(z), -1)
    inside = depth < _RIB_OUTSIDE_MM
    # The last point inside on each ray; above the apex there is none, and the rib is a small arch.
    last = np.where(inside.any(axis=1), inside.shape[1] - 1 - inside[:, ::-1].argmax(axis=1), 18)
    middle[:, 2] = z
    points: NDArray[np.float32] = (middle + way * radius[last, None]).astype(np.float32)
    points[1:-1] = (points[:-2] + points[1:-1] + points[2:]) / 3
    return points


def _vertebral_arches(chest: Chest) -> list[Segments]:
    parts = []
    for z in np.arange(-218, 130, VERTEBRA_MM):
        y = spine_y_mm(chest.patient, z) + 22
        for sign in SIDES.values():
            lamina = [(sign * 11, y - 10, z), (sign * 12, y + 4, z), (0, y + 14, z - 8)]
            parts.append(path_segments(np.array(lamina), np.array([4.0, 4.0, 3.5])))
            process = [(sign * 12, y, z), (sign * 30, y + 10, z + 3)]
            parts.append(path_segments(np.array(process), np.array([4.5, 3.5])))
        spinous = [(0, y + 12, z - 6), (0, y + 34, z - 22)]
        parts.append(path_segments(np.array(spinous), np.array([3.5, 3.0])))
    return parts


def _shoulders(chest: Chest) -> list[Segments]:
    """Return clavicles, and shoulder blades as a fan of thin pieces."""
    parts = []
    depth, width = chest.patient.depth, chest.patient.width
    for sign in SIDES.values():
        clavicle = [(sign * 18, -depth + 30, 66), (sign * 70, -depth + 34, 84)]
        clavicle.append((sign * 140, -10, 100))
        parts.append(path_segments(np.array(clavicle), np.array([6.0, 5.0, 6.0])))
        for step in np.linspace(0, 1, 30):
            z = 88 - 130 * step
            inner = (sign * (62 + 18 * step), depth + 14 - 4 * step, z)
            outer = (sign * (width + 12 - 46 * step), depth - 26 + 24 * step, z)
            parts.append(path_segments(np.array([inner, outer]), np.array([2.4, 3.2])))
    return parts
