"""LUNA16's curve a second time, from its definition and without what lungrt computes it with.

Plain loops over thresholds, counts in fractions: nothing is cumulated or vectorised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

Place = tuple[float, float, float]


@dataclass
class Scan:
    """Marks (place, probability), true nodules and excluded findings (place, diameter)."""

    marks: list[tuple[Place, float]]
    nodules: list[tuple[Place, float]]
    excluded: list[tuple[Place, float]]


def near(place: Place, finding: tuple[Place, float]) -> bool:
    """Tell whether a place is nearer than half the diameter.

    All numbers of these tests are small multiples of 1/4, so squares are exact.
    """
    center, diameter = finding
    return sum((a - b) ** 2 for a, b in zip(place, center, strict=True)) < (diameter / 2) ** 2


def most_likely(scan: Scan, most: int = 100) -> list[tuple[Place, float]]:
    """Return the marks that fewer than `most` + 1 others equal or exceed, or all if few."""
    if len(scan.marks) <= most:
        return scan.marks
    return [mark for mark in scan.marks if sum(other[1] >= mark[1] for other in scan.marks) <= most]


def operating_point(scans: Sequence[Scan], threshold: float) -> tuple[Fraction, Fraction]:
    """Return false marks a scan and sensitivity of the marks at or above a threshold."""
    false = hit = nodules = 0
    for scan in scans:
        shown = [mark for mark in scan.marks if mark[1] >= threshold]
        nodules += len(scan.nodules)
        hit += sum(any(near(place, nodule) for place, _ in shown) for nodule in scan.nodules)
        false += sum(
            not any(near(place, finding) for finding in (*scan.nodules, *scan.excluded))
            for place, _ in shown
        )
    return Fraction(false, len(scans)), Fraction(hit, nodules)


def sensitivities(scans: Sequence[Scan]) -> list[float]:
    """Return the sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false marks a scan.

    Between two operating points it lies on their line; behind the last it stays.
    """
    scans = [replace(scan, marks=most_likely(scan)) for scan in scans]
    thresholds = {p for scan in scans for _, p in scan.marks}
    points = [(Fraction(0), Fraction(0)), *(operating_point(scans, t) for t in thresholds)]
    found = []
    for power in range(-3, 4):
        wanted = Fraction(2) ** power
        below = max(point for point in points if point[0] <= wanted)
        above = min((point for point in points if point[0] > wanted), default=below)
        share = (wanted - below[0]) / (above[0] - below[0]) if above != below else Fraction(0)
        found.append(float(below[1] + share * (above[1] - below[1])))
    return found
