"""The worst mistakes: missed nodules, and reported marks that are false positives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lungrt.evaluation.confusion import FILTERED, MISSED
from lungrt.evaluation.matching import book_matches, luna_hits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungrt.data.annotations import ExcludedMark, Nodule
    from lungrt.evaluation.reports import ScanReport
    from lungrt.evaluation.subgroups import Outcome

__all__ = ["Case", "FalseMarks", "false_marks", "worst_false_marks", "worst_misses"]


@dataclass
class Case:
    """Mistake to show, with its position and picture.

    Attributes
    ----------
    title, detail : str
        Kind of the case, and the pipeline's result for it.
    series_uid : str
    center_mm : tuple of float
        World coordinates (x, y, z) in mm, LPS.
    diameter_mm : float
    picture : bytes or None
        PNG of the slice around the position.
    no_picture : str
        Reason why there is no picture.
    """

    title: str
    detail: str
    series_uid: str
    center_mm: tuple[float, float, float]
    diameter_mm: float
    picture: bytes | None = field(default=None, repr=False)
    no_picture: str = ""


def worst_misses(outcomes: Sequence[Outcome], most: int) -> list[Case]:
    """Return the nodules that were not found: malignant ones first, then by diameter."""
    missed = [outcome for outcome in outcomes if outcome.book_class <= FILTERED]
    missed.sort(key=lambda o: (o.nodule.malignant is not True, -o.nodule.diameter_mm))
    kinds = {None: "nodule", True: "malignant nodule", False: "benign nodule"}
    return [
        Case(
            f"{kinds[outcome.nodule.malignant]}, {outcome.nodule.diameter_mm:.1f} mm",
            "no candidate"
            if outcome.book_class == MISSED or outcome.best is None
            else f"filtered out, p = {outcome.best:.3f}",
            outcome.nodule.series_uid,
            outcome.nodule.center_mm,
            outcome.nodule.diameter_mm,
        )
        for outcome in missed[:most]
    ]


@dataclass(frozen=True)
class FalseMarks:
    """Reported marks of a scan that are false positives.

    Attributes
    ----------
    report : ScanReport
    places : list of int
        Indices of the false positives in the report's nodules.
    ignored : int
        Number of further marks that belong to no nodule but lie on an excluded finding.
    """

    report: ScanReport
    places: list[int]
    ignored: int


def false_marks(
    report: ScanReport, nodules: Sequence[Nodule], excluded: Sequence[ExcludedMark]
) -> FalseMarks:
    """Find the reported marks that belong to no nodule by the book's rule."""
    centers = report.nodules.center_mm
    stray = ~book_matches(nodules, centers).any(axis=0)
    on_excluded = luna_hits(excluded, centers).any(axis=0)
    places = np.flatnonzero(stray & ~on_excluded).tolist()
    return FalseMarks(report, places, int((stray & on_excluded).sum()))


def worst_false_marks(scans: Sequence[FalseMarks], most: int) -> list[Case]:
    """Return the false positives with the highest probabilities."""
    listed = [(scan.report, place) for scan in scans for place in scan.places]
    listed.sort(key=lambda item: -float(item[0].nodules.p_nodule[item[1]]))
    cases = []
    for report, place in listed[:most]:
        marks = report.nodules
        x, y, z = (float(value) for value in marks.center_mm[place])
        malignant = float(marks.p_malignant[place])
        cases.append(
            Case(
                f"p = {marks.p_nodule[place]:.3f}, {marks.diameter_mm[place]:.1f} mm",
                "" if malignant != malignant else f"p(malignant) = {malignant:.3f}",
                report.series_uid,
                (x, y, z),
                float(marks.diameter_mm[place]),
            )
        )
    return cases
