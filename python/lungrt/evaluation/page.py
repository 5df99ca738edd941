"""An evaluation as one HTML file that needs nothing else: no script, no file, no network."""

from __future__ import annotations

import base64
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.evaluation import plots, wording
from lungrt.evaluation.froc import FALSE_MARKS_A_SCAN

if TYPE_CHECKING:
    from lungrt.evaluation.document import Evaluation
    from lungrt.evaluation.froc import Froc

__all__ = ["to_html"]

_GROUPS = {
    "size": "diameter",
    "truth": "malignancy",
    "density": "density",
    "solid": "solid nodules",
    "shape": "shape",
    "attachment": "attachment",
    "difficulty": "difficulty",
    "readers": "readers who rated it",
    "agreement": "readers' agreement on malignancy",
}


def to_html(evaluation: Evaluation) -> str:
    """Return the page."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True,  # names of series and files come from elsewhere
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    template = Path(__file__).with_name("report.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        e=evaluation,
        tiles=wording.tiles(evaluation),
        warnings=wording.warnings(evaluation),
        curves=wording.curves(evaluation),
        differences=wording.differences(evaluation),
        interval=wording.interval,
        panels=[(name, _svg(plots.to_svg(draw))) for name, draw in plots.panels(evaluation)],
        froc_band=_band(evaluation.froc),
        groups=[(name, list(own)) for name, own in groupby(evaluation.strata, lambda s: s.group)],
        group_titles=_GROUPS,
        case_lists=[
            ("Worst misses", "malignant first, then the largest", evaluation.misses),
            ("Worst false marks", "most likely first", evaluation.false_marks),
        ],
        truths={None: "unrated", True: "malignant", False: "benign"},
        number=lambda value: "-" if value is None else f"{value:.3f}",
        png=lambda picture: _uri("image/png", picture),
    )


def _band(froc: Froc | None) -> list[tuple[float, float]]:
    """Return the band at LUNA16's seven rates."""
    if not (froc and froc.lower and froc.upper):
        return []
    places = [froc.false_marks_a_scan.index(rate) for rate in FALSE_MARKS_A_SCAN]
    return [(froc.lower[place], froc.upper[place]) for place in places]


def _svg(text: str) -> str:
    return _uri("image/svg+xml", text.encode())


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
