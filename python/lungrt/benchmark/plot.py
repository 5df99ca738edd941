"""Bar chart of a benchmark: one bar for each configuration, divided into stages."""

from __future__ import annotations

import importlib.util
import io
import textwrap
from typing import TYPE_CHECKING

from lungrt.benchmark.measure import STAGES
from lungrt.benchmark.summary import DIFFERENT
from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lungrt.benchmark.summary import Benchmark, Summary

__all__ = ["plot", "require_matplotlib"]

# Colour-blind safe (Okabe and Ito), and legible on light and on dark.
_COLOURS = {
    "read": "#999999",
    "segment": "#0072b2",
    "group": "#d55e00",
    "classify": "#e69f00",
}
# Colours of text, axes and background on a light page. No other element may use them, because they
# are replaced by those of _DARK on a dark page.
_LIGHT = {"ink": "#1f2328", "faint": "#57606a", "line": "#d0d7de", "paper": "#fffffe"}
_DARK = {"ink": "#e6edf3", "faint": "#9198a1", "line": "#3d444d", "paper": "#0d1117"}
_BAR_INCHES = 0.66
_LABEL_COLUMNS = 40
_TITLE_COLUMNS = 48
_FONT = "DejaVu Sans"  # comes with matplotlib; in an SVG it is replaced by the viewer's fonts
_VIEWER_FONTS = "Helvetica, Arial, 'DejaVu Sans', sans-serif"


def require_matplotlib(what: str) -> None:
    """Check that matplotlib is installed, which draws the chart.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If it is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise InvalidArgument(
            f"{what}: pictures need matplotlib, which is not installed; "
            "run pip install 'lungrt[bench]', or write .json or .csv"
        )


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
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = [summary for summary in benchmark.summaries if summary.total]
    # Not pyplot, which keeps figures until they are closed and needs a display.
    with mpl.rc_context(
        {
            "svg.fonttype": "none",  # text is kept as text: small, sharp and searchable
            "svg.hashsalt": "lungrt",  # makes the file reproducible
            "font.family": _FONT,
            "font.size": 10,
        }
    ):
        height = 1.5 + _BAR_INCHES * max(1, len(shown))
        figure = Figure(figsize=(9.2, height), layout="constrained", facecolor=_LIGHT["paper"])
        axes = figure.add_subplot(facecolor="none")
        _draw(axes, benchmark, shown)
        figure.legend(
            loc="outside upper right",
            ncols=len(STAGES),
            frameon=False,
            labelcolor=_LIGHT["ink"],
            handlelength=1,
            handleheight=1,
        )
        picture = io.BytesIO()
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(picture, format=kind, dpi=160, metadata=metadata)
    return _with_dark_mode(picture.getvalue()) if kind == "svg" else picture.getvalue()


def _draw(axes: Axes, benchmark: Benchmark, shown: list[Summary]) -> None:
    longest = max((s.total.median for s in shown if s.total), default=1.0)
    for place, summary in enumerate(shown):
        _bar(axes, place, summary, longest)
    titles = [_label(benchmark, summary) for summary in shown]
    axes.set_yticks(range(len(shown)), titles, color=_LIGHT["ink"], fontsize=9.5)
    axes.invert_yaxis()
    axes.set_xlim(0, longest * 1.2)
    axes.set_xlabel("seconds from file to probabilities, median", color=_LIGHT["faint"])
    title = textwrap.fill(
        f"One CT ({benchmark.workload})",
        _TITLE_COLUMNS,
        break_long_words=False,
        break_on_hyphens=False,
    )
    axes.set_title(title, loc="left", color=_LIGHT["ink"], fontweight="bold")
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", colors=_LIGHT["faint"], length=0)
    axes.grid(axis="x", color=_LIGHT["line"], linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
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
    ratio = "" if summary.ratio is None else f"   {summary.ratio:.1f}x"
    axes.text(
        total + longest * 0.012,
        place,
        f"{total:.1f} s{ratio}",
        va="center",
        color=_LIGHT["ink"],
        fontweight="bold",
    )


def _label(benchmark: Benchmark, summary: Summary) -> str:
    configuration = summary.configuration
    lines = textwrap.wrap(configuration.title, _LABEL_COLUMNS, break_on_hyphens=False)
    lines += [DIFFERENT] if summary.differs else []
    return "\n".join([*lines, configuration.group] if benchmark.several_groups else lines)


def _with_dark_mode(svg: bytes) -> bytes:
    """Return an SVG with the viewer's fonts, and with other colours on dark pages."""
    rules = "".join(
        f'[style*="fill: {light}"]{{fill:{_DARK[name]}!important}}'
        f'[style*="stroke: {light}"]{{stroke:{_DARK[name]}!important}}'
        for name, light in _LIGHT.items()
    )
    style = f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>\n"
    text = svg.decode().replace(f"'{_FONT}'", _VIEWER_FONTS)
    head, end, rest = text.partition("<defs>")
    return (head + style + end + rest).encode()
