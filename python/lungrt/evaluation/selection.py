"""Selection of the reports to score, and findings about reports, scans and annotations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lungrt.data.placement import likely_swap
from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lungrt.data.truth import Truth
    from lungrt.evaluation.reports import ScanReport

__all__ = ["Findings", "check_alike", "coverage_notes", "outside_annotations", "select"]


@dataclass
class Findings:
    """Findings that a reader of the scores has to know.

    Attributes
    ----------
    failed : dict of str to str
        Error message of each scan that could not be diagnosed, by series.
    missing : list of str
        Series of the data set that have no report.
    missing_nodules : int
        Number of annotated nodules in these series.
    missing_counted : bool
        Whether these series are scored as scans without a mark.
    foreign : dict of str to str
        Files of reports that were not scored because their series, the key, is not in the data.
    outside : list of str
        Messages about annotations outside of their scan.
    notes : list of str
        Further messages.
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
    """Select the reports whose series belong to the data set.

    Parameters
    ----------
    reports, truth
        Reports to select from, and the annotations of the data set.
    known
        Series of the data set.
    failed
        Scans that could not be diagnosed; see `Findings`.
    count_missing
        Score series without a report as scans without a mark.

    Returns
    -------
    reports : list of ScanReport
    findings : Findings

    Raises
    ------
    lungrt.errors.InvalidArgument
        No report belongs to a series of the data set.
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
        detail = f"; for example, {example[1]} is one of series {example[0]}" if example else ""
        raise InvalidArgument(
            f"none of the {len(reports)} reports belongs to a series of the data set "
            f"({len(known)} series){detail}"
        )
    return chosen, findings


def check_alike(reports: Sequence[ScanReport], *, allow_mixed: bool = False) -> list[str]:
    """Check that all reports were made with the same bundle and options.

    Returns
    -------
    list of str
        Messages about the differences.

    Raises
    ------
    lungrt.errors.InvalidArgument
        There are differences and `allow_mixed` is False.
    """
    differences = []
    for name in dict.fromkeys(name for report in reports for name in report.setup):
        files: dict[str, list[str]] = {}
        for report in reports:
            files.setdefault(report.setup.get(name, "not stated"), []).append(report.name)
        if len(files) > 1:
            listed = "; ".join(
                f"{value[:16]} in {len(names)} of {len(reports)} reports, such as {names[0]}"
                for value, names in files.items()
            )
            differences.append(f"reports differ in {name}: {listed}")
    if differences and not allow_mixed:
        raise InvalidArgument(
            "\n".join(differences)
            + "\nthe scores of different pipelines should not be combined; evaluate each of them "
            "separately, or use --allow-mixed"
        )
    return differences


def outside_annotations(reports: Sequence[ScanReport], truth: Truth) -> list[str]:
    """Return a message for each annotated nodule outside of its scan, with the likely cause."""
    nodules = truth.by_series()
    found = []
    for report in reports:
        extent = report.extent
        for nodule in nodules.get(report.series_uid, ()):
            if extent.contains(nodule.center_mm):
                continue
            x, y, z = nodule.center_mm
            swap = likely_swap(nodule.center_mm, extent)
            found.append(
                f"{nodule.source}: ({x:.1f}, {y:.1f}, {z:.1f}) mm lies outside of scan "
                f"{report.series_uid}{swap and '. ' + swap}"
            )
    return found


def coverage_notes(
    reports: Sequence[ScanReport], truth: Truth, known: Collection[str]
) -> list[str]:
    """Return messages about scans without annotations and annotations without scans.

    A scan without annotations has no nodule only if the data set says that it covers the scan.
    """
    annotated = truth.by_series()
    notes = []
    bare = [report.series_uid for report in reports if report.series_uid not in annotated]
    if bare and truth.series is None:
        notes.append(
            f"{len(bare)} of {len(reports)} scored scans, such as {bare[0]}, have no annotation "
            "and count as scans without a nodule; to leave scans out, list the series of the data "
            "set in seriesuids.csv"
        )
    absent = {uid: own for uid, own in annotated.items() if uid not in known}
    if absent:
        notes.append(
            f"{len(absent)} annotated series are not among the scans, so that their "
            f"{sum(map(len, absent.values()))} annotated nodules are not scored"
        )
    return notes
