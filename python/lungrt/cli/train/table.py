"""Terminal output of ``lungrt train``: the split, a line per epoch, cross-validated scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from lungrt.training.crossvalidate import CrossValidation, Interval
    from lungrt.training.data.samples import Sample
    from lungrt.training.data.split import Part
    from lungrt.training.loop import Epoch, Result
    from lungrt.training.settings import Settings

__all__ = ["epoch_header", "epoch_line", "parts_table", "print_cross_validation", "print_end"]

_CLASSIFIED = {
    "loss": "loss/all",
    "correct": "correct/all",
    "precis.": "pr/precision",
    "recall": "pr/recall",
    "F1": "pr/f1",
    "AUC": "auc",
}
_SEGMENTED = {
    "loss": "loss/all",
    "precis.": "pr/precision",
    "recall": "pr/recall",
    "F1": "pr/f1",
    "false %": "percent_of_marked/false",
}


def epoch_header(task: str) -> str:
    """Return the heading of the lines of `epoch_line`."""
    names = "".join(f"{name:>9}" for name in _columns(task))
    return f"{'epoch':>5}  {'trained':<7}{'loss':>8}   {'validated':<9}{names}"


def epoch_line(epoch: Epoch, task: str) -> str:
    """Return the line of an epoch; a star marks the best epoch so far."""
    values = "".join(
        f"{_number(epoch.validation.get(score)):>9}" for score in _columns(task).values()
    )
    best = " *" if epoch.is_best else ""
    return f"{epoch.number:>5}  {'':<7}{epoch.training['loss/all']:>8.4f}   {'':<9}{values}{best}"


def parts_table(parts: Mapping[Part, Sequence[Sample]], task: str) -> Table:
    """Return a table of the numbers of patients and samples of each kind by part."""
    from lungrt.training.data.balance import kind_of

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("")
    kinds = ["nodule", "non-nodule"] if task in ("nodule", "segmentation") else [
        "non-nodule", "benign", "malignant"
    ]  # fmt: skip
    for heading in ("patients", *kinds):
        table.add_column(heading, justify="right")
    counted_as = "nodule" if task == "segmentation" else task
    for part, samples in parts.items():
        counts = [sum(kind_of(s, counted_as) == kind for s in samples) for kind in kinds]
        patients = len({sample.patient for sample in samples})
        table.add_row(part, str(patients), *map(str, counts))
    return table


def print_cross_validation(console: Console, scored: CrossValidation, *, folds: int) -> None:
    """Print the AUC of a cross-validation and, for comparison, the AUC of the diameter."""
    malignant = sum(bool(sample.malignant) for sample in scored.samples)
    console.print(
        f"cross-validation in {folds} folds of patients: "
        f"{len(scored.samples) - malignant} benign and {malignant} malignant nodules"
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("score", "AUC", "95 % interval"):
        table.add_column(heading, justify="left" if heading == "score" else "right")
    table.add_row("network", *_interval(scored.auc))
    if scored.diameter_auc:
        table.add_row("diameter alone", *_interval(scored.diameter_auc))
    console.print(table)
    listed = " ".join(f"{auc:.3f}" for auc in scored.fold_aucs)
    console.print(f"AUC of each fold: {listed}", soft_wrap=True)


def print_end(console: Console, result: Result, path: Path, settings: Settings) -> None:
    """Print which epoch was saved, and where."""
    if result.best_epoch is None:
        console.print("there are no validation samples, so the last epoch was saved")
    else:
        early = ", stopped early" if result.stopped_early else ""
        score = -result.best_score if settings.best_by == "loss" else result.best_score
        console.print(f"best epoch: {result.best_epoch}, {settings.best_by} {score:.3f}{early}")
    console.print(f"written to {path}", soft_wrap=True)


def _interval(interval: Interval) -> tuple[str, str]:
    return f"{interval.value:.3f}", f"{interval.low:.3f} - {interval.high:.3f}"


def _columns(task: str) -> dict[str, str]:
    return _SEGMENTED if task == "segmentation" else _CLASSIFIED


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"
