"""Result of an evaluation, and its JSON and CSV files."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungrt.data.candidates import submission_csv
from lungrt.data.csv_file import csv_text
from lungrt.data.luna16_format import ANNOTATION_COLUMNS
from lungrt.json_text import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungrt.evaluation.calibration import Calibration
    from lungrt.evaluation.cases import Case
    from lungrt.evaluation.confusion import ConfusionTable
    from lungrt.evaluation.froc import Froc
    from lungrt.evaluation.malignancy import Malignancy
    from lungrt.evaluation.reports import ScanReport
    from lungrt.evaluation.selection import Findings
    from lungrt.evaluation.subgroups import Outcome, Subgroup

__all__ = ["Counts", "Evaluation", "submission"]

_FORMAT_VERSION = 1
_RESULT_COLUMNS = ("malignant", "result", "p_nodule", "p_nodule_luna16", "p_malignant")


@dataclass(frozen=True)
class Counts:
    """Numbers of scored scans, nodules and marks.

    Attributes
    ----------
    scans, nodules, candidates, reported : int
    false_reported : int
        Reported marks that belong to no nodule (the book's matching).
    ignored_reported : int
        Reported marks that belong to no nodule but lie on an excluded finding.
    """

    scans: int
    nodules: int
    candidates: int
    reported: int
    false_reported: int
    ignored_reported: int


@dataclass
class Evaluation:
    """Scores of one pipeline on one data set.

    Attributes
    ----------
    created : str
        Time of the evaluation, as ISO 8601 in UTC.
    data : list of str
        Names of the annotation files.
    setup : dict of str to str
        Bundle, profile and options of the reports.
    counts : Counts
    table : ConfusionTable
    froc : Froc or None
        None if the scored scans have no annotated nodule.
    malignancy : Malignancy
    calibrations : list of Calibration
    subgroups : list of Subgroup
    misses, false_marks : list of Case
        Worst missed nodules and worst false positives.
    outcomes : list of Outcome
        Result for each annotated nodule.
    findings : Findings
    """

    created: str
    data: list[str]
    setup: dict[str, str]
    counts: Counts
    table: ConfusionTable
    froc: Froc | None
    malignancy: Malignancy
    calibrations: list[Calibration]
    subgroups: list[Subgroup]
    misses: list[Case]
    false_marks: list[Case]
    outcomes: list[Outcome]
    findings: Findings

    def class_label(self, book_class: int) -> str:
        """Return the name of a class of the confusion table in lower case."""
        return self.table.class_name(book_class).lower()

    def to_json(self) -> str:
        """Return all scores as JSON, without the pictures; undefined numbers are null."""
        # The document keeps the key "strata", which its readers know.
        content = {
            "strata" if name == "subgroups" else name: value
            for name, value in dataclasses.asdict(self).items()
        }
        content["table"] = {
            "with_malignancy": self.table.with_malignancy,
            "columns": self.table.header()[1:],
            "rows": {
                str(name): [None if cell == "" else cell for cell in cells]
                for name, *cells in self.table.rows()
            },
        }
        for case in (*content["misses"], *content["false_marks"]):
            del case["picture"]
        for outcome in content["outcomes"]:
            outcome["book_class"] = self.class_label(outcome["book_class"])
        return json_text({"format_version": _FORMAT_VERSION, **content})

    def to_csv(self) -> str:
        """Return CSV text with the position and the result of each annotated nodule."""
        return csv_text(
            (*ANNOTATION_COLUMNS, *_RESULT_COLUMNS),
            (
                (
                    outcome.nodule.series_uid,
                    *outcome.nodule.center_mm,
                    outcome.nodule.diameter_mm,
                    outcome.nodule.malignant,
                    self.class_label(outcome.book_class),
                    outcome.best,
                    outcome.hit,
                    outcome.p_malignant,
                )
                for outcome in self.outcomes
            ),
        )


def submission(reports: Sequence[ScanReport]) -> str:
    """Return all candidates in LUNA16's submission format, by series and in the reports' order."""
    return submission_csv(
        (report.series_uid, center, p)
        for report in reports
        for center, p in zip(
            report.candidates.center_mm.tolist(), report.candidates.p_nodule.tolist(), strict=True
        )
    )
