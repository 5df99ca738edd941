"""Truth of planted nodules, and the rules for random nodules, ratings and malignancy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lungrt.phantom.options import Attachment, Density, NodulePlan, Shape

__all__ = ["PlantedNodule", "draw_plans", "is_malignant", "rate"]

READERS = 4
SUSPICIOUS = 4  # lowest rating that counts as malignant; two of them decide
_SHAPE = {"smooth": -1.0, "lobulated": 0.1, "spiculated": 1.5}
_DENSITY = {"solid": 0.0, "part-solid": 0.8, "ground-glass": -0.5, "calcified": -2.5}
_MIDDLE_MM = 11.0  # diameter that is evidence neither for nor against malignancy
_READER_SPREAD = 0.45

_DENSITIES: tuple[Density, ...] = ("solid", "part-solid", "ground-glass", "calcified")
_DENSITY_SHARES = (0.72, 0.1, 0.08, 0.1)
_SHAPES: tuple[Shape, ...] = ("smooth", "lobulated", "spiculated")
_SHAPE_SHARES = (0.45, 0.25, 0.3)
_ATTACHMENTS: tuple[Attachment, ...] = (
    "free",
    "chest-wall",
    "vessel",
    "mediastinum",
    "diaphragm",
    "apex",
)
_ATTACHMENT_SHARES = (0.45, 0.2, 0.15, 0.07, 0.06, 0.07)
_DIAMETERS_MM = (4.5, 26.0)


@dataclass(frozen=True)
class PlantedNodule:
    """Truth of a planted nodule.

    Attributes
    ----------
    center_mm : tuple of float
        World coordinates (x, y, z) in mm, LPS, of the centre of mass within the pleura.
    index : tuple of int
        Voxel of the centre (slice, row, column).
    diameter_mm : float
        Diameter of a sphere of the same volume.
    density, shape, attachment : str
        As in `NodulePlan`.
    ratings : tuple of int
        Malignancy ratings of four simulated readers, 1 to 5.
    malignant : bool
        Whether at least two ratings are 4 or 5.
    box_mm : tuple
        Lowest and highest corner, in world coordinates, of the voxels that it touches.
    label : int
        Its label in the mask of nodules.
    """

    center_mm: tuple[float, float, float]
    index: tuple[int, int, int]
    diameter_mm: float
    density: Density
    shape: Shape
    attachment: Attachment
    ratings: tuple[int, ...]
    malignant: bool
    box_mm: tuple[tuple[float, float, float], tuple[float, float, float]]
    label: int


def rate(plan: NodulePlan, rng: np.random.Generator) -> tuple[int, ...]:
    """Return random malignancy ratings of four readers, 1 to 5.

    Their mean is 3 + shape + density + 1.2 log2(diameter / 11 mm), and the readers vary around it
    with a standard deviation of 0.45. Spicules (+1.5) and part-solid density (+0.8) are evidence
    for malignancy; a smooth surface (-1), pure ground glass (-0.5) and calcium (-2.5) are evidence
    against it. The diameter alone therefore predicts malignancy well, but not perfectly.
    """
    size = 1.2 * np.log2(plan.diameter_mm / _MIDDLE_MM)
    score = 3 + _SHAPE[plan.shape] + _DENSITY[plan.density] + size
    opinions = score + rng.normal(0, _READER_SPREAD, READERS)
    return tuple(int(value) for value in np.clip(np.rint(opinions), 1, 5))


def is_malignant(ratings: tuple[int, ...]) -> bool:
    """Return whether at least two ratings are 4 or 5, the rule of the book's malignancy table."""
    return sum(rating >= SUSPICIOUS for rating in ratings) >= 2


def draw_plans(count: int, rng: np.random.Generator) -> tuple[NodulePlan, ...]:
    """Return random nodules like those of a lung-cancer screening, with more large ones."""
    from lungrt.phantom.options import NodulePlan

    low, high = np.log(_DIAMETERS_MM)
    plans = []
    for _ in range(count):
        diameter = float(np.exp(rng.uniform(low, high)))
        density = _DENSITIES[rng.choice(len(_DENSITIES), p=_DENSITY_SHARES)]
        shape = _SHAPES[rng.choice(len(_SHAPES), p=_SHAPE_SHARES)]
        attachment = _ATTACHMENTS[rng.choice(len(_ATTACHMENTS), p=_ATTACHMENT_SHARES)]
        if density == "calcified":
            # Calcified granulomas are small and round.
            shape, diameter = "smooth", min(diameter, 12.0)
        if attachment in ("mediastinum", "diaphragm", "apex"):
            diameter = min(diameter, 16.0)
        plans.append(NodulePlan(round(diameter, 2), density, shape, attachment))
    # Large nodules are placed first.
    return tuple(sorted(plans, key=lambda plan: -plan.diameter_mm))
