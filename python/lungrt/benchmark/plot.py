"""Bar chart of a benchmark: one bar for each configuration, divided into stages."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING

from lungrt.benchmark.measure import STAGES
from lungrt.charts import LIGHT, bare, chart_style, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lungrt.benchmark.summary import Benchmark, Summary

__all__ = ["plot"]

# Colour-blind safe (Okabe and Ito), and legible on light and on dark.
_COLOURS = {
    "read": "#999999",
    "segment": "#0072b2",
    "group": "#d55e00",
    "classify": "#e69f00",
}
_BAR_INCHES = 0.66
_LABEL_COLUMNS = 40
_TITLE_COLUMNS = 48


def plot(benchmark: Benchmark, kind: str) -> bytes:
    """Draw the stages of every configuration that finished the CT.

    Parameters
    ----------
    benchmark : Benchmark
        The benchmark.
    kind : {"svg", "png"}
        Format. An SVG adapts to light and dark pages; a PNG is light.

    Returns
    -------
    bytes
        Content of the picture's file.
    """
    from matplotlib.figure import Figure

    shown = [summary for summary in benchmark.summaries if summary.total]
    with chart_style():
        height = 1.5 + _BAR_INCHES * max(1, len(shown))
        figure = Figure(figsize=(9.2, height), layout="constrained", facecolor=LIGHT["paper"])
        axes = figure.add_subplot(facecolor="none")
        _draw(axes, benchmark, shown)
        figure.legend(
            loc="outside upper right",
            ncols=len(STAGES),
            frameon=False,
            labelcolor=LIGHT["ink"],
            handlelength=1,
            handleheight=1,
        )
        if kind == "svg":
            return to_svg(figure).encode()
        picture = io.BytesIO()
        figure.savefig(picture, format=kind, dpi=160)
        return picture.getvalue()


def _draw(axes: Axes, benchmark: Benchmark, shown: list[Summary]) -> None:
    longest = max((s.total.median for s in shown if s.total), default=1.0)
    for place, summary in enumerate(shown):
        _bar(axes, place, summary, longest)
    axes.invert_yaxis()
    axes.set_xlim(0, longest * 1.62)
    axes.set_xlabel(
        "seconds from file to probabilities, median; x: times as fast as eager PyTorch, as the\n"
        "book runs it and tuned"
        + ("; profile lung looks at a part of the volume only" if benchmark.restricted else ""),
        color=LIGHT["faint"],
    )
    title = textwrap.fill(
        f"One CT ({benchmark.workload})",
        _TITLE_COLUMNS,
        break_long_words=False,
        break_on_hyphens=False,
    )
    axes.set_title(title, loc="left", color=LIGHT["ink"], fontweight="bold")
    bare(axes)
    axes.grid(visible=False, axis="y")
    titles = [_label(benchmark, summary) for summary in shown]
    axes.set_yticks(range(len(shown)), titles, color=LIGHT["ink"], fontsize=9.5)
    for stage in STAGES:
        axes.barh([0], [0], color=_COLOURS[stage], label=stage)


def _bar(axes: Axes, place: int, summary: Summary, longest: float) -> None:
    assert summary.total is not None, "only configurations with a total are drawn"
    total = summary.total.median
    lengths = {stage: spread.median for stage, spread in summary.stages.items()}
    # Overlapping stages add up to more than the total; the bar's length must show the total.
    scale = min(1.0, total / (sum(lengths.values()) or 1.0))
    left = 0.0
    for stage, seconds in lengths.items():
        axes.barh(place, seconds * scale, left=left, height=0.56, color=_COLOURS[stage])
        left += seconds * scale
    ratios = [
        f"{ratio:.1f}x {name}"
        for ratio, name in ((summary.ratio, "book"), (summary.ratio_tuned, "tuned"))
        if ratio is not None
    ]
    ratio = "   " + ", ".join(ratios) if ratios else ""
    axes.text(
        total + longest * 0.012,
        place,
        f"{total:.1f} s{ratio}",
        va="center",
        color=LIGHT["ink"],
        fontweight="bold",
    )


def _label(benchmark: Benchmark, summary: Summary) -> str:
    configuration = summary.configuration
    lines = textwrap.wrap(configuration.title, _LABEL_COLUMNS, break_on_hyphens=False)
    lines += summary.marks
    return "\n".join([*lines, configuration.group] if benchmark.several_groups else lines)
