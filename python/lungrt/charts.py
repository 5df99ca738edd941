"""Look of all charts: colours, fonts, and SVGs that follow the reader's light or dark mode."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["LIGHT", "bare", "chart_style", "to_svg"]

LIGHT = {"ink": "#1f2328", "faint": "#57606a", "line": "#d0d7de", "paper": "#fffffe"}
"""Colours of text, faint text, grid and background on a light page.

An SVG on a dark page replaces them by value, so no other element may have these colours.
"""

_DARK = {"ink": "#e6edf3", "faint": "#9198a1", "line": "#3d444d", "paper": "#0d1117"}
_FONT = "DejaVu Sans"  # comes with matplotlib; an SVG uses the fonts of the reader's system
_READER_FONTS = "system-ui, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif"


def chart_style() -> AbstractContextManager[None]:
    """Return the context in which figures are made and saved.

    Use `matplotlib.figure.Figure` in it, not pyplot, which keeps its figures until they are closed
    and looks for a screen.
    """
    import matplotlib as mpl

    return mpl.rc_context(
        {
            "svg.fonttype": "none",  # text is kept as text: small, sharp and searchable
            "svg.hashsalt": "lungrt",  # makes the file reproducible
            "font.family": _FONT,
            "font.size": 10,
        }
    )


def bare(axes: Axes) -> None:
    """Leave of the frame of a chart only a faint grid behind it."""
    axes.tick_params(colors=LIGHT["faint"], length=0)
    axes.grid(color=LIGHT["line"], linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def to_svg(figure: Figure) -> str:
    """Return the SVG of a figure, in the same bytes for the same figure."""
    picture = io.BytesIO()
    figure.savefig(picture, format="svg", metadata={"Date": None})
    rules = "".join(
        f'[style*="fill: {light}"]{{fill:{_DARK[name]}!important}}'
        f'[style*="stroke: {light}"]{{stroke:{_DARK[name]}!important}}'
        for name, light in LIGHT.items()
    )
    style = f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>\n"
    text = picture.getvalue().decode().replace(f"'{_FONT}'", _READER_FONTS)
    head, end, rest = text.partition("<defs>")
    return head + style + end + rest
