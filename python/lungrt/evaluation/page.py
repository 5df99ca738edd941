"""HTML page of an evaluation: a single file without scripts that loads nothing else."""

from __future__ import annotations

import base64
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.evaluation import plots, summary
from lungrt.evaluation.froc import FALSE_POSITIVES_PER_SCAN

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
    "readers": "number of readers who rated the nodule",
    "agreement": "agreement of the readers on malignancy",
}


def to_html(evaluation: Evaluation) -> str:
    """Return the HTML page of an evaluation."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True,  # names of series and files come from the data set
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    template = Path(__file__).with_name("report.html.jinja").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        e=evaluation,
        key_figures=summary.key_figures(evaluation),
        warnings=summary.warnings(evaluation),
        curves=summary.curves(evaluation),
        differences=summary.differences(evaluation),
        interval=summary.interval,
        panels=[(name, _svg(plots.to_svg(draw))) for name, draw in plots.panels(evaluation)],
        froc_band=_band(evaluation.froc),
        groups=[
            (name, list(members))
            for name, members in groupby(evaluation.subgroups, lambda subgroup: subgroup.group)
        ],
        group_titles=_GROUPS,
        case_lists=[
            ("Worst missed nodules", "malignant first, then by diameter", evaluation.misses),
            ("Worst false positives", "by probability", evaluation.false_marks),
        ],
        truths={None: "unrated", True: "malignant", False: "benign"},
        number=lambda value: "-" if value is None else f"{value:.3f}",
        png=lambda picture: _uri("image/png", picture),
    )


def _band(froc: Froc | None) -> list[tuple[float, float]]:
    """Return the 95 % band at LUNA16's seven rates."""
    if not (froc and froc.lower and froc.upper):
        return []
    places = [froc.false_marks_a_scan.index(rate) for rate in FALSE_POSITIVES_PER_SCAN]
    return [(froc.lower[place], froc.upper[place]) for place in places]


def _svg(text: str) -> str:
    return _uri("image/svg+xml", text.encode())


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
