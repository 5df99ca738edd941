"""An evaluation on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from lungrt.evaluation import wording

if TYPE_CHECKING:
    from rich.console import Console

    from lungrt.evaluation.document import Evaluation

__all__ = ["print_evaluation"]

_LINES = 5  # of a warning; files have them all
_FEW_NODULES = 20  # fit a screen, each on a line of its own


def print_evaluation(console: Console, evaluation: Evaluation) -> None:
    """Print the book's table, then every score in a few lines."""
    console.print(str(evaluation.table), soft_wrap=True)
    console.print()
    for tile in wording.tiles(evaluation):
        detail = f"  ({tile['detail']})" if tile["detail"] else ""
        console.print(f"{tile['name'] + ':':<20} {tile['value']}{detail}", soft_wrap=True)
    if evaluation.froc:
        at = evaluation.froc.at.items()
        listed = "  ".join(f"{rate}: {sensitivity:.3f}" for rate, sensitivity in at)
        console.print(f"{'FROC:':<20} {listed}", soft_wrap=True)
    for calibration in evaluation.calibrations:
        console.print(
            f"{'calibration:':<20} {calibration.title}: expected error "
            f"{calibration.expected_error:.4f}, Brier {calibration.brier:.4f}",
            soft_wrap=True,
        )
    console.print()
    console.print(_malignancy(evaluation))
    if evaluation.strata:
        console.print(_strata(evaluation))
    if 0 < len(evaluation.outcomes) <= _FEW_NODULES:
        console.print(_nodules(evaluation))
    for title, lines in wording.warnings(evaluation):
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
    table = _table("malignant or benign", "benign", "malignant", "AUC", "95 %")
    for curve in wording.curves(evaluation):
        auc = "undefined" if curve.auc is None else f"{curve.auc:.3f}"
        table.add_row(
            curve.title,
            str(curve.benign),
            str(curve.malignant),
            auc,
            wording.interval(curve.interval),
        )
    for name, difference in wording.differences(evaluation):
        table.add_row(name, "", "", "", wording.interval(difference))
    return table


def _strata(evaluation: Evaluation) -> Table:
    table = _table("detection", "nodules", "proposed", "found", "95 %", "at 1 a scan", "at 4")
    for stratum in evaluation.strata:
        table.add_row(
            stratum.name if stratum.group == "all" else f"{stratum.group}: {stratum.name}",
            str(stratum.nodules),
            str(stratum.proposed),
            str(stratum.found),
            wording.interval(stratum.found_interval),
            str(stratum.found_at_1),
            str(stratum.found_at_4),
        )
    return table


def _nodules(evaluation: Evaluation) -> Table:
    table = _table("annotated nodule", "mm", "is", "taken for", "p nodule", "p malignant")
    kinds = {None: "-", True: "malignant", False: "benign"}
    for outcome in evaluation.outcomes:
        nodule = outcome.nodule
        table.add_row(
            ", ".join(f"{value:.1f}" for value in nodule.center_mm),
            f"{nodule.diameter_mm:.1f}",
            kinds[nodule.malignant],
            evaluation.in_words(outcome.book_class),
            *("-" if p is None else f"{p:.3f}" for p in (outcome.best, outcome.p_malignant)),
        )
    return table
