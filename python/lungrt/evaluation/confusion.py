"""The book's confusion table of annotated nodules and of candidates that are not nodules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungrt.evaluation.matching import book_matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lungrt.data.annotations import Nodule
    from lungrt.evaluation.reports import ScanReport

__all__ = [
    "BENIGN",
    "FILTERED",
    "MALIGNANT",
    "MISSED",
    "ConfusionTable",
    "confuse",
    "mark_classes",
]

MISSED, FILTERED, BENIGN, MALIGNANT = range(4)
_COLUMNS = ("Complete Miss", "Filtered Out", "Pred. Benign", "Pred. Malignant")
_CELL = 16  # characters


def mark_classes(report: ScanReport) -> NDArray[np.int64]:
    """Return each candidate's class: FILTERED, BENIGN or MALIGNANT.

    A probability equal to the threshold passes here, as in the book's scoring, although the
    pipeline does not report it. A candidate that passes and has no p(malignant) is BENIGN.
    """
    marks = report.candidates
    passes = marks.p_nodule >= report.nodule_threshold
    malignant = passes & (marks.p_malignant >= report.malignancy_threshold)
    return np.where(malignant, MALIGNANT, np.where(passes, BENIGN, FILTERED))


def confuse(
    report: ScanReport, nodules: Sequence[Nodule]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Classify a scan's nodules and the candidates that belong to none.

    Returns
    -------
    of_nodules : ndarray of int, shape (nodules,)
        Highest class among the candidates that belong to a nodule; MISSED if there are none.
    of_strays : ndarray of int
        Class of each candidate that belongs to no nodule.
    """
    classes = mark_classes(report)
    matches = book_matches(nodules, report.candidates.center_mm)
    of_nodules = np.where(matches, classes, MISSED).max(axis=1, initial=MISSED)
    return of_nodules, classes[~matches.any(axis=0)]


@dataclass
class ConfusionTable:
    """Confusion table over any number of scans.

    Attributes
    ----------
    with_malignancy : bool
        Whether there is a malignancy model; without one, benign and malignant share a column.
    counts : dict
        Counts of each row: complete misses, filtered out, benign, malignant.
    """

    with_malignancy: bool
    counts: dict[str, list[int]]

    @classmethod
    def empty(cls, with_malignancy: bool) -> ConfusionTable:
        """Return a table whose counts are 0."""
        rows = ("Non-Nodules", "Benign", "Malignant", "Unrated")
        return cls(with_malignancy, {row: [0, 0, 0, 0] for row in rows})

    def add(
        self,
        nodules: Sequence[Nodule],
        of_nodules: NDArray[np.int64],
        of_strays: NDArray[np.int64],
    ) -> None:
        """Add the results of `confuse` for a scan."""
        for stray in of_strays.tolist():
            self.counts["Non-Nodules"][stray] += 1
        rows = {None: "Unrated", False: "Benign", True: "Malignant"}
        for nodule, found in zip(nodules, of_nodules.tolist(), strict=True):
            self.counts[rows[nodule.malignant]][found] += 1

    def header(self) -> list[str]:
        """Return the titles of the columns; the first column holds the names of the rows."""
        classes = range(MALIGNANT + 1 if self.with_malignancy else MALIGNANT)
        return ["", *map(self.class_name, classes)]

    def class_name(self, book_class: int) -> str:
        """Return the title of the column of a class."""
        merged = not self.with_malignancy and book_class > FILTERED
        return "Pred. Nodule" if merged else _COLUMNS[book_class]

    def rows(self) -> list[list[str | int]]:
        """Return the name and the cells of each row; non-nodules have no complete misses.

        A row of unrated nodules, which the book's table does not have, is added if there are any.
        """
        rows: list[list[str | int]] = []
        for name, (missed, filtered, benign, malignant) in self.counts.items():
            if name == "Unrated" and not missed + filtered + benign + malignant:
                continue
            passed = [benign, malignant] if self.with_malignancy else [benign + malignant]
            rows.append([name, "" if name == "Non-Nodules" else missed, filtered, *passed])
        return rows

    def __str__(self) -> str:
        """Return the table as the book prints it, each cell 16 characters wide."""
        lines: list[list[str | int]] = [[*self.header()], *self.rows()]
        return "\n".join(" | ".join(f"{cell!s:>{_CELL}}" for cell in line) for line in lines)
