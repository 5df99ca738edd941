"""Plots of an evaluation's curves on given matplotlib axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from lungrt import charts
from lungrt.charts import LIGHT, bare, chart_style
from lungrt.evaluation.froc import FALSE_POSITIVES_PER_SCAN

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from lungrt.evaluation.calibration import Calibration
    from lungrt.evaluation.document import Evaluation
    from lungrt.evaluation.malignancy import Roc

__all__ = ["draw_size", "panels", "to_svg"]

# Colour-blind safe (Okabe and Ito), and legible on a light and on a dark background.
BLUE, ORANGE, GREEN, GREY = "#2f81c7", "#d9822b", "#1a9e77", "#8c959f"


def panels(evaluation: Evaluation) -> list[tuple[str, Callable[[Axes], None]]]:
    """Return the id of each plot that the evaluation has data for, and a function to draw it."""
    found: list[tuple[str, Callable[[Axes], None]]] = []
    if evaluation.froc:
        found.append(("froc", lambda axes: _draw_froc(axes, evaluation)))
    curves = _curves(evaluation)
    if curves:
        found.append(("roc", lambda axes: _draw_roc(axes, curves)))
    if evaluation.calibrations:
        found.append(("calibration", lambda axes: _draw_calibration(axes, evaluation.calibrations)))
    if any(subgroup.group == "size" for subgroup in evaluation.subgroups):
        found.append(("size", lambda axes: draw_size(axes, evaluation)))
    return found


def to_svg(draw: Callable[[Axes], None]) -> str:
    """Return the SVG of a plot that follows the reader's choice of light or dark mode."""
    from matplotlib.figure import Figure

    with chart_style():
        figure = Figure(figsize=(5.4, 4.2), layout="constrained", facecolor="none")
        axes = figure.add_subplot(facecolor="none")
        draw(axes)
        return charts.to_svg(figure)


def _curves(evaluation: Evaluation) -> list[tuple[Roc, str, str]]:
    scores = evaluation.malignancy
    all_of_them = [
        (scores.found, BLUE, "-"),
        (scores.found_diameter, ORANGE, "-"),
        (scores.end_to_end, BLUE, ":"),
        (scores.baseline, GREY, "--"),
    ]
    return [(curve, colour, style) for curve, colour, style in all_of_them if curve and curve.auc]


def _dress(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", color=LIGHT["ink"], fontweight="bold", fontsize=11)
    axes.set_xlabel(x, color=LIGHT["faint"])
    axes.set_ylabel(y, color=LIGHT["faint"])
    bare(axes)


def _legend(axes: Axes, place: Literal["lower right", "upper left"]) -> None:
    axes.legend(loc=place, frameon=False, labelcolor=LIGHT["ink"], fontsize=8.5)


def _draw_froc(axes: Axes, evaluation: Evaluation) -> None:
    curve = evaluation.froc
    assert curve is not None, "panels() draws this only if there is a curve"
    _dress(axes, "LUNA16 FROC", "false positives per scan", "sensitivity")
    if curve.lower and curve.upper:
        axes.fill_between(
            curve.false_marks_a_scan,
            curve.lower,
            curve.upper,
            color=BLUE,
            alpha=0.22,
            linewidth=0,
            label="95 % interval (bootstrap over scans)",
        )
    axes.plot(
        curve.false_marks_a_scan,
        curve.sensitivity,
        color=BLUE,
        linewidth=2,
        label=f"CPM {curve.cpm:.3f}",
        clip_on=False,
    )
    rates, values = list(FALSE_POSITIVES_PER_SCAN), list(curve.at.values())
    axes.plot(rates, values, "o", color=BLUE, markersize=5, clip_on=False)
    axes.set_xscale("log", base=2)
    axes.set_xticks(rates, ["1/8", "1/4", "1/2", "1", "2", "4", "8"])
    axes.minorticks_off()
    axes.set_xlim(rates[0], rates[-1])
    axes.set_ylim(0, 1.02)
    _legend(axes, "lower right")


def _draw_roc(axes: Axes, curves: list[tuple[Roc, str, str]]) -> None:
    _dress(axes, "ROC of malignancy (AUC)", "false positive rate", "true positive rate")
    axes.plot([0, 1], [0, 1], color=LIGHT["line"], linewidth=1)
    for curve, colour, style in curves:
        axes.plot(
            curve.false_positive_rate,
            curve.true_positive_rate,
            style,
            color=colour,
            linewidth=2,
            label=f"{curve.auc:.3f}  {curve.title}",
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    _legend(axes, "lower right")


def _draw_calibration(axes: Axes, calibrations: list[Calibration]) -> None:
    _dress(axes, "Calibration", "mean probability of a bin", "observed frequency")
    axes.plot([0, 1], [0, 1], color=LIGHT["line"], linewidth=1)
    for calibration, colour in zip(calibrations, (BLUE, ORANGE), strict=False):
        counts = np.array([b.count for b in calibration.bins], float)
        axes.plot(
            [b.mean_probability for b in calibration.bins],
            [b.frequency for b in calibration.bins],
            color=colour,
            linewidth=1.5,
            label=f"{calibration.title} (error {calibration.expected_error:.3f})",
        )
        axes.scatter(
            [b.mean_probability for b in calibration.bins],
            [b.frequency for b in calibration.bins],
            s=18 + 22 * np.log10(counts),
            color=colour,
            clip_on=False,
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.24)  # the legend stands above the curves
    axes.set_yticks(np.linspace(0, 1, 6))
    _legend(axes, "upper left")


def draw_size(axes: Axes, evaluation: Evaluation) -> None:
    """Draw the share of nodules that were found, by diameter."""
    sizes = [s for s in evaluation.subgroups if s.group == "size" and "together" not in s.name]
    _dress(axes, "Found nodules by diameter", "diameter in mm", "share of nodules")
    shares = [s.found / s.nodules for s in sizes]
    places = range(len(sizes))
    axes.bar(places, shares, width=0.66, color=GREEN, label="found")
    proposed = [s.proposed / s.nodules for s in sizes]
    axes.bar(places, proposed, width=0.66, fill=False, edgecolor=GREEN, linewidth=1)
    low = [share - s.found_interval[0] for s, share in zip(sizes, shares, strict=True)]
    high = [s.found_interval[1] - share for s, share in zip(sizes, shares, strict=True)]
    axes.errorbar(
        places,
        shares,
        yerr=np.maximum([low, high], 0),
        fmt="none",
        ecolor=LIGHT["ink"],
        elinewidth=1,
        capsize=3,
    )
    for place, subgroup in zip(places, sizes, strict=True):
        axes.text(
            place, 1.03, f"n={subgroup.nodules}", ha="center", color=LIGHT["faint"], fontsize=8
        )
    names = [s.name.removesuffix(" mm").replace(" mm or more", "+") for s in sizes]
    axes.set_xticks(places, names)
    axes.grid(visible=False, axis="x")
    axes.set_xlim(-0.6, max(len(sizes), 5) - 0.4)
    axes.set_ylim(0, 1.1)
