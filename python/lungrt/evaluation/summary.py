"""Summary of an evaluation that the HTML page, the PNG and the terminal share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lungrt.evaluation.document import Evaluation
    from lungrt.evaluation.malignancy import Roc
    from lungrt.statistics import Interval

__all__ = ["curves", "differences", "interval", "key_figures", "warnings"]


def interval(value: Interval | None) -> str:
    """Return an interval as text, such as "0.123 - 0.456", or a dash for None."""
    return "-" if value is None else f"{value[0]:.3f} - {value[1]:.3f}"


def curves(evaluation: Evaluation) -> list[Roc]:
    """Return the ROC curves, each followed by the diameter's for the same nodules."""
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
    """Return the names and intervals of the differences between AUCs."""
    scores = evaluation.malignancy
    both = (
        ("difference of both AUCs, found nodules", scores.found, scores.found_difference),
        ("difference of both AUCs, all nodules", scores.end_to_end, scores.end_to_end_difference),
    )
    return [(name, value) for name, curve, value in both if curve]


def key_figures(evaluation: Evaluation) -> list[dict[str, str]]:
    """Return the most important numbers, each with its name, value and detail."""
    counts, froc = evaluation.counts, evaluation.froc
    found = evaluation.subgroups[0].found if evaluation.subgroups else 0
    share = f"{100 * found / counts.nodules:.0f} %" if counts.nodules else "no annotated nodule"
    scores = evaluation.malignancy
    auc = scores.found or scores.baseline
    name = "AUC of malignancy" if scores.found else "AUC of the diameter"
    return [
        _tile("Scans", str(counts.scans), f"{counts.candidates} candidates"),
        _tile("Nodules found", f"{found} of {counts.nodules}", share),
        _tile(
            "False positives per scan",
            f"{counts.false_reported / counts.scans:.2f}",
            f"{counts.false_reported} of {counts.reported} reported marks",
        ),
        _tile(
            "CPM",
            f"{froc.cpm:.3f}" if froc else "-",
            interval(froc.cpm_interval) if froc else "undefined: no annotated nodule",
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
    """Return warnings that belong to the scores, each as a title and further lines."""
    findings = evaluation.findings
    found = []
    if findings.failed:
        lines = [f"{uid}: {why}" for uid, why in findings.failed.items()]
        found.append((f"{_count(len(lines), 'scan')} failed", lines))
    if findings.missing:
        how = "scored as if they had no marks" if findings.missing_counted else "not scored"
        title = (
            f"{_count(len(findings.missing), 'scan')} of the data set without a report, {how} "
            f"({_count(findings.missing_nodules, 'annotated nodule')})"
        )
        found.append((title, findings.missing))
    if findings.foreign:
        lines = [f"{uid}: {name}" for uid, name in findings.foreign.items()]
        count = _count(len(lines), "report")
        found.append((f"{count} not scored: the series is not in the data set", lines))
    if findings.outside:
        count = _count(len(findings.outside), "annotation")
        found.append((f"{count} outside of the scan (scored nevertheless)", findings.outside))
    found += [(note, []) for note in findings.notes]
    return found


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
