"""What the page, the picture and the terminal say alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lungrt.evaluation.document import Evaluation
    from lungrt.evaluation.roc import Interval, Roc

__all__ = ["curves", "differences", "interval", "tiles", "warnings"]


def interval(value: Interval | None) -> str:
    """Return "0.123 - 0.456", or a dash."""
    return "-" if value is None else f"{value[0]:.3f} - {value[1]:.3f}"


def curves(evaluation: Evaluation) -> list[Roc]:
    """Return every ROC, each pipeline's before the baseline of the same nodules."""
    scores = evaluation.malignancy
    every = (
        scores.found,
        scores.found_diameter,
        scores.end_to_end,
        scores.end_to_end_diameter,
        scores.baseline,
    )
    return [curve for curve in every if curve]


def differences(evaluation: Evaluation) -> list[tuple[str, Interval | None]]:
    """Return the intervals of AUC differences that there are, with their names."""
    scores = evaluation.malignancy
    both = (
        ("difference to diameter, found nodules", scores.found, scores.found_difference),
        ("difference to diameter, missed ones 0", scores.end_to_end, scores.end_to_end_difference),
    )
    return [(name, value) for name, curve, value in both if curve]


def tiles(evaluation: Evaluation) -> list[dict[str, str]]:
    """Return the few numbers that come first."""
    counts, froc = evaluation.counts, evaluation.froc
    found = evaluation.strata[0].found if evaluation.strata else 0
    share = f"{100 * found / counts.nodules:.0f} %" if counts.nodules else "no true nodule"
    scores = evaluation.malignancy
    auc = scores.found or scores.baseline
    name = "AUC, malignancy" if scores.found else "AUC of the diameter"
    return [
        _tile("Scans", str(counts.scans), f"{counts.candidates} candidates"),
        _tile("Nodules found", f"{found} of {counts.nodules}", share),
        _tile(
            "False marks a scan",
            f"{counts.false_reported / counts.scans:.2f}",
            f"{counts.false_reported} of {counts.reported} reported",
        ),
        _tile(
            "CPM",
            f"{froc.cpm:.3f}" if froc else "-",
            interval(froc.cpm_interval) if froc else "undefined without a nodule",
        ),
        _tile(
            name,
            "-" if auc.auc is None else f"{auc.auc:.3f}",
            interval(auc.interval) if auc.interval else auc.undefined,
        ),
    ]


def _tile(name: str, value: str, detail: str) -> dict[str, str]:
    return {"name": name, "value": value, "detail": detail}


def warnings(evaluation: Evaluation) -> list[tuple[str, list[str]]]:
    """Return what a reader has to know beside the scores, as titles and lines."""
    findings = evaluation.findings
    told = []
    if findings.failed:
        lines = [f"{uid}: {why}" for uid, why in findings.failed.items()]
        told.append((f"{_count(len(lines), 'scan')} failed", lines))
    if findings.missing:
        fate = "scored as scans without a mark" if findings.missing_counted else "not scored"
        title = (
            f"{_count(len(findings.missing), 'scan')} of the data without a report, {fate} "
            f"({_count(findings.missing_nodules, 'true nodule')})"
        )
        told.append((title, findings.missing))
    if findings.foreign:
        lines = [f"{uid}: {name}" for uid, name in findings.foreign.items()]
        told.append(
            (
                f"{_count(len(lines), 'report')} of series that are not in the data, not scored",
                lines,
            )
        )
    if findings.outside:
        count = _count(len(findings.outside), "annotation")
        told.append((f"{count} outside of the scan, scored all the same", findings.outside))
    told += [(note, []) for note in findings.notes]
    return told


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
