"""PNG of an evaluation: its numbers, its curves and the worst mistakes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from lungrt.charts import LIGHT, chart_style
from lungrt.evaluation import plots, summary

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

    from lungrt.evaluation.cases import Case
    from lungrt.evaluation.document import Evaluation

__all__ = ["to_png"]

_WIDTH = 11.0  # inches
_CROPS_PER_ROW = 6


def to_png(evaluation: Evaluation) -> bytes:
    """Return the PNG of an evaluation."""
    from matplotlib.figure import Figure

    panels = plots.panels(evaluation)
    case_lists = [
        ("Worst missed nodules", evaluation.misses[: 2 * _CROPS_PER_ROW]),
        ("Worst false positives", evaluation.false_marks[: 2 * _CROPS_PER_ROW]),
    ]
    case_lists = [(title, cases) for title, cases in case_lists if cases]
    lines = str(evaluation.table).count("\n") + len(summary.warnings(evaluation)) + 5
    heights = [
        0.9,
        0.2 * lines,
        *[4.0] * ((len(panels) + 1) // 2),
        *[0.4 + 2.3 * -(-len(cases) // _CROPS_PER_ROW) for _, cases in case_lists],
    ]
    with chart_style():
        figure = Figure(
            figsize=(_WIDTH, sum(heights)), layout="constrained", facecolor=LIGHT["paper"]
        )
        parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        for part in parts:
            part.set_facecolor("none")
        _head(parts[0], evaluation)
        _text(parts[1], evaluation)
        rest = list(parts[2:])
        for place in range(0, len(panels), 2):
            axes = rest.pop(0).subplots(1, 2)
            for own, (_, draw) in zip(axes, panels[place : place + 2], strict=False):
                draw(own)
            for own in axes[len(panels[place : place + 2]) :]:
                own.axis("off")
        for part, (title, cases) in zip(rest, case_lists, strict=True):
            _cases(part, title, cases)
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=120)
    return picture.getvalue()


def _head(part: SubFigure, evaluation: Evaluation) -> None:
    title = f"lungrt evaluation: {', '.join(evaluation.data)}"
    part.text(0.015, 0.86, title, fontsize=14, fontweight="bold", color=LIGHT["ink"], va="top")
    figures = summary.key_figures(evaluation)
    for place, figure in enumerate(figures):
        x = 0.015 + place / len(figures)
        part.text(x, 0.36, figure["value"], fontsize=13, color=LIGHT["ink"], va="center")
        part.text(x, 0.04, figure["name"], fontsize=9, color=LIGHT["faint"], va="bottom")


def _text(part: SubFigure, evaluation: Evaluation) -> None:
    lines = [str(evaluation.table), ""]
    lines += [f"! {title}"[:120] for title, _ in summary.warnings(evaluation)]
    lines += ["A research tool, not a medical device."]
    part.text(
        0.015,
        0.92,
        "\n".join(lines),
        family="DejaVu Sans Mono",
        fontsize=8.5,
        color=LIGHT["ink"],
        va="top",
    )


def _cases(part: SubFigure, title: str, cases: list[Case]) -> None:
    from matplotlib.image import imread

    part.suptitle(title, x=0.015, ha="left", fontsize=11, fontweight="bold", color=LIGHT["ink"])
    rows = -(-len(cases) // _CROPS_PER_ROW)
    grid = part.subplots(rows, _CROPS_PER_ROW, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, case in zip(grid, cases, strict=False):
        if case.picture:
            axes.imshow(imread(io.BytesIO(case.picture), format="png"))
        else:
            axes.text(0.5, 0.5, "no picture", ha="center", color=LIGHT["faint"], fontsize=8)
        axes.set_title(f"{case.title}\n{case.detail}", fontsize=7.5, color=LIGHT["ink"])
