"""Random differences between patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["Patient", "draw_patient", "spine_y_mm"]


@dataclass(frozen=True)
class Patient:
    """Build of a patient; lengths and positions in mm from the bifurcation of the trachea."""

    width: float
    depth: float
    apex: float
    base: float
    dome: dict[str, float]
    fat: float
    heart: float
    heart_turn: float
    kyphosis: float


def draw_patient(rng: Generator) -> Patient:
    """Return the build of a random patient."""
    return Patient(
        width=rng.uniform(116, 136),
        depth=rng.uniform(76, 90),
        apex=rng.uniform(80, 96),
        base=-rng.uniform(152, 172),
        dome={"right": -rng.uniform(84, 100), "left": -rng.uniform(98, 114)},
        fat=rng.uniform(8, 26),
        heart=rng.uniform(0.9, 1.12),
        heart_turn=rng.uniform(25, 45),
        kyphosis=rng.uniform(4, 12),
    )


def spine_y_mm(patient: Patient, z_mm: float) -> float:
    """Return the y coordinate of the middle of the vertebral bodies at a height."""
    return patient.depth * 0.56 + patient.kyphosis * float(np.cos(z_mm / 90))
