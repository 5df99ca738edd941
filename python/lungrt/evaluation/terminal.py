"""Terminal output of an evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from lungrt.evaluation import summary

if TYPE_CHECKING:
    from rich.console import Console

    from lungrt.evaluation.document import Evaluation

__all__ = ["print_evaluation", "print_overview"]

_LINES = 5  # most lines of a warning; the output files have all of them
_FEW_NODULES = 20  # most nodules that are listed one by one


def print_evaluation(console: Console, evaluation: Evaluation) -> None:
    """Print the confusion table and the scores."""
    console.print(str(evaluation.table), soft_wrap=True)
    console.print()
    for figure in summary.key_figures(evaluation):
        detail = f"  ({figure['detail']})" if figure["detail"] else ""
        console.print(f"{figure['name'] + ':':<25} {figure['value']}{detail}", soft_wrap=True)
    if evaluation.froc:
        at = evaluation.froc.at.items()
        listed = "  ".join(f"{rate}: {sensitivity:.3f}" for rate, sensitivity in at)
        console.print(f"{'FROC:':<25} {listed}  (sensitivity by rate)", soft_wrap=True)
    for calibration in evaluation.calibrations:
        console.print(
            f"{'Calibration:':<25} {calibration.title}: expected error "
            f"{calibration.expected_error:.4f}, Brier score {calibration.brier:.4f}",
            soft_wrap=True,
        )
    console.print()
    console.print(_malignancy(evaluation))
    if evaluation.subgroups:
        console.print(_subgroups(evaluation))
    if 0 < len(evaluation.outcomes) <= _FEW_NODULES:
        console.print(_nodules(evaluation))
    _print_warnings(console, evaluation)


def print_overview(console: Console, evaluation: Evaluation) -> None:
    """Print what became of each annotated nodule, and the counts: all that a few scans show."""
    if 0 < len(evaluation.outcomes) <= _FEW_NODULES:
        console.print(_nodules(evaluation))
        console.print()
    counts = evaluation.counts
    found = evaluation.subgroups[0].found if evaluation.subgroups else 0
    console.print(
        f"Found {found} of {counts.nodules} nodules with {counts.false_reported} false "
        f"positive{'' if counts.false_reported == 1 else 's'}.",
        soft_wrap=True,
    )
    told = [o for o in evaluation.outcomes if None not in (o.nodule.malignant, o.p_malignant)]
    if told:
        right = sum(
            (evaluation.class_label(o.book_class) == "pred. malignant") == o.nodule.malignant
            for o in told
        )
        console.print(
            f"Malignancy is right for {right} of the {len(told)} nodules that were found.",
            soft_wrap=True,
        )
    console.print(
        "note: scores of a network need many scans; --details prints them all the same",
        soft_wrap=True,
        style="dim",
    )
    _print_warnings(console, evaluation)


def _print_warnings(console: Console, evaluation: Evaluation) -> None:
    for title, lines in summary.warnings(evaluation):
        console.print(f"note: {title}", soft_wrap=True, style="yellow")
        for line in lines[:_LINES]:
            console.print(f"  {line}", soft_wrap=True)
        if len(lines) > _LINES:
            console.print(f"  and {len(lines) - _LINES} more")


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left", no_wrap=True)
    return table


def _malignancy(evaluation: Evaluation) -> Table:
    table = _table("ROC of malignancy", "benign", "malignant", "AUC", "95 % interval")
    for curve in summary.curves(evaluation):
        auc = "undefined" if curve.auc is None else f"{curve.auc:.3f}"
        table.add_row(
            curve.title,
            str(curve.benign),
            str(curve.malignant),
            auc,
            summary.interval(curve.interval),
        )
    for name, difference in summary.differences(evaluation):
        table.add_row(name, "", "", "", summary.interval(difference))
    return table


def _subgroups(evaluation: Evaluation) -> Table:
    table = _table(
        "subgroup", "nodules", "proposed", "found", "95 % interval", "at 1 FP/scan", "at 4 FP/scan"
    )
    for subgroup in evaluation.subgroups:
        table.add_row(
            subgroup.name if subgroup.group == "all" else f"{subgroup.group}: {subgroup.name}",
            str(subgroup.nodules),
            str(subgroup.proposed),
            str(subgroup.found),
            summary.interval(subgroup.found_interval),
            str(subgroup.found_at_1),
            str(subgroup.found_at_4),
        )
    return table


def _nodules(evaluation: Evaluation) -> Table:
    table = _table("annotated nodule", "mm", "truth", "result", "p(nodule)", "p(malignant)")
    kinds = {None: "-", True: "malignant", False: "benign"}
    for outcome in evaluation.outcomes:
        nodule = outcome.nodule
        table.add_row(
            ", ".join(f"{value:.1f}" for value in nodule.center_mm),
            f"{nodule.diameter_mm:.1f}",
            kinds[nodule.malignant],
            evaluation.class_label(outcome.book_class),
            *("-" if p is None else f"{p:.3f}" for p in (outcome.best, outcome.p_malignant)),
        )
    return table
