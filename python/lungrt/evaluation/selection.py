"""Which reports are scored, and what is said of the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lungrt.evaluation.reports import ScanReport
    from lungrt.evaluation.truth import Truth

__all__ = ["Findings", "check_alike", "coverage_notes", "outside_annotations", "select"]


@dataclass
class Findings:
    """What a reader of scores has to know beside them.

    Attributes
    ----------
    failed : dict of str to str
        Why a scan could not be diagnosed, by series.
    missing : list of str
        Series of the data that have no report.
    missing_nodules : int
        True nodules in those.
    missing_counted : bool
        Whether they are scored, as scans without a mark.
    foreign : dict of str to str
        Files of reports that were not scored, by series: these are not in the data.
    outside : list of str
        Annotations that lie outside of their scan.
    notes : list of str
        Everything else.
    """

    failed: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    missing_nodules: int = 0
    missing_counted: bool = False
    foreign: dict[str, str] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def select(
    reports: Sequence[ScanReport],
    truth: Truth,
    known: Collection[str],
    *,
    failed: dict[str, str] | None = None,
    count_missing: bool = False,
) -> tuple[list[ScanReport], Findings]:
    """Take the reports of series that are in the data.

    Parameters
    ----------
    reports, truth
    known
        Series that the data consists of.
    failed
        See `Findings`.
    count_missing
        Say that series without a report are to be scored as scans without a mark.

    Raises
    ------
    lungrt.errors.InvalidArgument
        No report is of a series of the data.
    """
    known = set(known)
    reported = {report.series_uid for report in reports}
    nodules = truth.by_series()
    missing = sorted(known - reported)
    findings = Findings(
        failed=dict(failed or {}),
        missing=missing,
        missing_nodules=sum(len(nodules.get(uid, ())) for uid in missing),
        missing_counted=count_missing and bool(missing),
        foreign={r.series_uid: r.name for r in reports if r.series_uid not in known},
    )
    chosen = [report for report in reports if report.series_uid in known]
    if not chosen:
        example = next(iter(findings.foreign.items()), None)
        detail = f"; {example[1]}, for one, is of series {example[0]}" if example else ""
        raise InvalidArgument(
            f"none of {len(reports)} reports is of a series of the data ({len(known)} series)"
            f"{detail}"
        )
    return chosen, findings


def check_alike(reports: Sequence[ScanReport], *, allow_mixed: bool = False) -> list[str]:
    """Check that one bundle with the same options made all reports.

    Returns
    -------
    list of str
        What differs, in words, where that is allowed.

    Raises
    ------
    lungrt.errors.InvalidArgument
        Something differs and that is not allowed.
    """
    differences = []
    for name in dict.fromkeys(name for report in reports for name in report.setup):
        files: dict[str, list[str]] = {}
        for report in reports:
            files.setdefault(report.setup.get(name, "not stated"), []).append(report.name)
        if len(files) > 1:
            listed = ", ".join(
                f"{value[:16]} ({len(names)}, such as {names[0]})" for value, names in files.items()
            )
            differences.append(f"reports differ in {name}: {listed}")
    if differences and not allow_mixed:
        raise InvalidArgument(
            "\n".join(differences)
            + "\nscores of different pipelines do not belong in one table; score each on its own, "
            "or say --allow-mixed"
        )
    return differences


def outside_annotations(reports: Sequence[ScanReport], truth: Truth) -> list[str]:
    """Name each true nodule whose centre is not in its scan, and why that may be."""
    nodules = truth.by_series()
    found = []
    for report in reports:
        for nodule in nodules.get(report.series_uid, ()):
            if report.contains(nodule.center_mm):
                continue
            x, y, z = nodule.center_mm
            hint = ""
            if report.contains((z, y, x)):
                hint = "; with X and Z exchanged it would be inside"
            elif report.contains((-x, -y, z)):
                hint = "; with X and Y negated (RAS instead of LPS) it would be inside"
            found.append(
                f"{nodule.source}: ({x:.1f}, {y:.1f}, {z:.1f}) mm lies outside of its scan "
                f"{report.series_uid}{hint}"
            )
    return found


def coverage_notes(
    reports: Sequence[ScanReport], truth: Truth, known: Collection[str]
) -> list[str]:
    """Say where annotations and scans do not cover each other.

    A scan without annotation is one without a nodule only if its data set says so.
    """
    annotated = truth.by_series()
    notes = []
    bare = [report.series_uid for report in reports if report.series_uid not in annotated]
    if bare and truth.series is None:
        notes.append(
            f"{len(bare)} of {len(reports)} scored scans have no annotation and count as scans "
            f"without a nodule, such as {bare[0]}; a seriesuids.csv that names the data's series "
            "leaves others out"
        )
    absent = {uid: own for uid, own in annotated.items() if uid not in known}
    if absent:
        notes.append(
            f"{len(absent)} annotated series are not among the scans, and their "
            f"{sum(map(len, absent.values()))} true nodules not scored"
        )
    return notes
