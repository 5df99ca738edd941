"""Computation of all scores from reports and annotations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import numpy as np

from lungrt.evaluation.calibration import calibrate
from lungrt.evaluation.cases import FalseMarks, false_marks, worst_false_marks, worst_misses
from lungrt.evaluation.confusion import FILTERED, MISSED, ConfusionTable, confuse
from lungrt.evaluation.document import Counts, Evaluation
from lungrt.evaluation.froc import FrocScan, froc, score_marks, threshold_at
from lungrt.evaluation.malignancy import score_malignancy
from lungrt.evaluation.matching import book_matches, luna_hits
from lungrt.evaluation.selection import check_alike, outside_annotations
from lungrt.evaluation.subgroups import Outcome, count_subgroups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lungrt.data.annotations import ExcludedMark, Nodule
    from lungrt.data.truth import Truth
    from lungrt.evaluation.calibration import Calibration
    from lungrt.evaluation.reports import ScanReport
    from lungrt.evaluation.selection import Findings

__all__ = ["score"]


@dataclass(frozen=True)
class _Scored:
    """Results of a scan compared with its annotations."""

    outcomes: list[Outcome]
    marks: FrocScan
    stray: FalseMarks
    p_nodule: NDArray[np.float64]  # of the candidates that are not on excluded findings
    is_nodule: NDArray[np.bool_]


def score(
    reports: Sequence[ScanReport],
    truth: Truth,
    findings: Findings,
    *,
    allow_mixed: bool = False,
    bootstraps: int = 1000,
    seed: int = 0,
    cases: int = 12,
) -> Evaluation:
    """Score reports of series that belong to the data set.

    The confusion table, the FROC and the calibration use the ``candidates`` of a report. The number
    of false positives per scan and the worst false positives use its reported ``nodules``, which
    the profile may have merged.

    Parameters
    ----------
    reports, findings
        Result of `lungrt.evaluation.selection.select`; further findings are added to `findings`.
    truth
        Annotations of the data set.
    allow_mixed
        Score reports of different bundles or options together and add a note.
    bootstraps, seed
        Number of resamples and random seed of the bootstrap for intervals.
    cases
        Largest number of missed nodules, and of false positives, to list.

    Returns
    -------
    Evaluation

    Raises
    ------
    lungrt.errors.InvalidArgument
        Reports were made with different bundles or options and `allow_mixed` is False.
    """
    findings.notes += check_alike(reports, allow_mixed=allow_mixed)
    findings.outside += outside_annotations(reports, truth)
    nodules = truth.by_series()
    table = ConfusionTable.empty(any(report.has_malignancy for report in reports))
    scored = []
    for report in reports:
        own, excluded = nodules.get(report.series_uid, []), truth.excluded.get(report.series_uid)
        scored.append(_score_scan(report, own, excluded or [], table))
    if table.with_malignancy:
        findings.notes += _unasked(reports)
    outcomes = [outcome for scan in scored for outcome in scan.outcomes]
    marks = [scan.marks for scan in scored]
    if findings.missing_counted:
        for uid in findings.missing:
            lost = [Outcome(nodule, MISSED, None, None, None) for nodule in nodules.get(uid, [])]
            outcomes += lost
            marks.append(FrocScan(np.full(len(lost), np.nan), np.empty(0)))
            table.add([o.nodule for o in lost], np.full(len(lost), MISSED), np.empty(0, int))
    stray = [scan.stray for scan in scored]
    return Evaluation(
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        data=truth.files,
        setup=_common_setup(reports),
        counts=Counts(
            scans=len(marks),
            nodules=len(outcomes),
            candidates=sum(len(report.candidates) for report in reports),
            reported=sum(len(report.nodules) for report in reports),
            false_reported=sum(len(scan.places) for scan in stray),
            ignored_reported=sum(scan.ignored for scan in stray),
        ),
        table=table,
        froc=froc(marks, bootstraps=bootstraps, seed=seed),
        malignancy=score_malignancy(
            outcomes, truth.nodules, table.with_malignancy, bootstraps=bootstraps, seed=seed
        ),
        calibrations=_calibrations(scored, outcomes),
        subgroups=count_subgroups(outcomes, threshold_at(marks, 1.0), threshold_at(marks, 4.0)),
        misses=worst_misses(outcomes, cases),
        false_marks=worst_false_marks(stray, cases),
        outcomes=outcomes,
        findings=findings,
    )


def _common_setup(reports: Sequence[ScanReport]) -> dict[str, str]:
    first = reports[0].setup
    return {
        name: value if all(r.setup.get(name) == value for r in reports) else "mixed"
        for name, value in first.items()
    }


def _unasked(reports: Sequence[ScanReport]) -> list[str]:
    """Return a note about the candidates that pass but have no p(malignant)."""
    count = sum(
        int(
            (
                np.isnan(r.candidates.p_malignant) & (r.candidates.p_nodule >= r.nodule_threshold)
            ).sum()
        )
        for r in reports
    )
    if not count:
        return []
    return [
        f"{count} candidates pass the nodule threshold but have no p(malignant); they count as "
        "Pred. Benign"
    ]


def _score_scan(
    report: ScanReport,
    nodules: list[Nodule],
    excluded: list[ExcludedMark],
    table: ConfusionTable,
) -> _Scored:
    of_nodules, of_strays = confuse(report, nodules)
    table.add(nodules, of_nodules, of_strays)
    candidates = report.candidates
    marks = score_marks(candidates, nodules, excluded)
    matches = book_matches(nodules, candidates.center_mm)
    passes = candidates.p_nodule >= report.nodule_threshold
    outcomes = []
    for place, nodule in enumerate(nodules):
        own = matches[place]
        asked = candidates.p_malignant[own & passes]
        asked = asked[~np.isnan(asked)]
        hit = marks.hit[place]
        outcomes.append(
            Outcome(
                nodule,
                int(of_nodules[place]),
                float(candidates.p_nodule[own].max()) if own.any() else None,
                None if np.isnan(hit) else float(hit),
                float(asked.max()) if asked.size else None,
            )
        )
    is_nodule = np.asarray(luna_hits(nodules, candidates.center_mm).any(axis=0))
    counted = is_nodule | ~luna_hits(excluded, candidates.center_mm).any(axis=0)
    return _Scored(
        outcomes,
        marks,
        false_marks(report, nodules, excluded),
        candidates.p_nodule[counted],
        is_nodule[counted],
    )


def _calibrations(scored: list[_Scored], outcomes: list[Outcome]) -> list[Calibration]:
    probability = np.concatenate([np.empty(0), *(s.p_nodule for s in scored)])
    is_nodule = np.concatenate([np.empty(0, bool), *(s.is_nodule for s in scored)])
    rated = [
        (outcome.p_malignant, outcome.nodule.malignant)
        for outcome in outcomes
        if outcome.book_class > FILTERED
        and outcome.p_malignant is not None
        and outcome.nodule.malignant is not None
    ]
    found = (
        calibrate("p(nodule) of all candidates", probability.tolist(), is_nodule.tolist()),
        calibrate("p(malignant) of found nodules", [p for p, _ in rated], [m for _, m in rated]),
    )
    return [calibration for calibration in found if calibration]
