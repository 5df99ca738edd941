"""The page of a diagnosis."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.html_report import facts
from lungrt.html_report.elements import document, element
from lungrt.html_report.figures import overview_figure, view_figure
from lungrt.html_report.place import LungExtent
from lungrt.html_report.viewer import viewer_licenses, viewer_scripts, viewer_section
from lungrt.pictures import draw_overview

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from lungrt import _core
    from lungrt.pictures import Scene

__all__ = ["to_html"]

_LIMITS = (
    "This is a research tool, not a medical device. Nothing on this page is a diagnosis of a "
    "person.",
    "Nodules may be missed, and what is marked may be none. A probability is what a network "
    "computed, and as good as its training data.",
    "Diameter and volume are those of the outlined voxels: the diameter is that of a sphere of "
    "the same volume. They are no measurements by a reader.",
    "Sides follow the orientation that the file records. Planes are the patient's; the pixels of "
    "a scan that is stored in other planes are interpolated.",
    "Pictures show the lung window, -1350 to 150 HU. They are for finding a nodule in a viewer, "
    "not for reading the scan.",
    "The place is told by the box around the lung field: a half, and thirds from feet to head and "
    "from front to back. It names no lobe.",
)


def to_html(
    scene: Scene,
    *,
    title: str = "",
    source: str = "",
    patient: Mapping[str, str] | None = None,
    viewer: bool = False,
) -> str:
    """Return the page of a diagnosis.

    Parameters
    ----------
    scene
        The CT and its report.
    title
        Heading; by default one that names no scan.
    source
        What the scan was read from, e.g. "a DICOM series".
    patient
        What is shown of the patient, by its name; by default nothing.
    viewer
        Whether the page has the interactive viewer, which has a script.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the viewer is asked for and is no part of this installation.
    """
    report = scene.report
    lungs = LungExtent.of(report)
    heading = title or "Lung nodules in a chest CT"
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    scripts = viewer_scripts() if viewer else []
    main = element(
        "main",
        _header(report, heading, patient or {}),
        _overview(scene, lungs),
        _section("viewer", "Viewer", *viewer_section(scene)) if viewer else None,
        *(_nodule(scene, number, lungs) for number in range(1, len(report.nodules) + 1)),
        _section("scan", "The scan", _list(facts.scan_facts(report, source))),
        _section("run", "The run", _list(facts.run_facts(report))),
        _section("notes", "Notes", _points(report.provenance.notes))
        if report.provenance.notes
        else None,
        _section("limits", "Limits", _points(_LIMITS)),
        _section(
            "licences",
            "Licences of the viewer",
            element("details", element("summary", "Text"), element("pre", viewer_licenses())),
        )
        if viewer
        else None,
        id="main",
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(style, scripts)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", heading),
        element("style", style),
    )
    skip = element("a", "Skip to the nodules", class_="skip", href="#overview")
    return document(
        element(
            "html",
            head,
            element("body", skip, main, *(element("script", script) for script in scripts)),
            lang="en",
        )
    )


def _policy(style: str, scripts: list[str]) -> str:
    """Return what the page may load: its own style and scripts, and the pictures in it."""
    rules = ["default-src 'none'", "img-src data:", f"style-src {_digest(style)}"]
    if scripts:
        rules.append(f"script-src {' '.join(map(_digest, scripts))}")
    return "; ".join([*rules, "base-uri 'none'", "form-action 'none'"])


def _digest(text: str) -> str:
    # Browsers hash what the parser makes of the file; these texts have neither CR nor NUL.
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _header(report: _core.Report, heading: str, patient: Mapping[str, str]) -> Element:
    nodules, candidates = len(report.nodules), len(report.candidates)
    found = f"{nodules or 'No'} nodule{'' if nodules == 1 else 's'}"
    return element(
        "header",
        element("h1", heading),
        element(
            "p",
            f"{found} among {candidates} candidate{'' if candidates == 1 else 's'}, with "
            f"p(nodule) above {report.options.nodule_threshold:g}.",
        ),
        element("p", "A research tool, not a medical device.", class_="warning"),
        _list(list(patient.items())) if patient else None,
    )


def _overview(scene: Scene, lungs: LungExtent | None) -> Element:
    report = scene.report
    overview = draw_overview(scene)
    if not report.nodules:
        rest = element(
            "p",
            "No nodule was found. That does not mean that there is none.",
            class_="empty",
        )
    else:
        names = ("", "p nodule", "p malignant", "Diameter", "Volume", "Slice", "Place")
        rows = [
            element(
                "tr",
                element("th", element("a", f"{number}", href=f"#nodule-{number}"), scope="row"),
                element("td", facts.probability(nodule.p_nodule)),
                element("td", facts.probability(nodule.p_malignant)),
                element("td", f"{nodule.diameter_mm:.1f} mm"),
                element("td", f"{nodule.volume_mm3:.0f} mm³"),
                element("td", f"{nodule.index[0] + 1}"),
                element("td", lungs.words(nodule.center_mm) if lungs else "-", class_="text"),
            )
            for number, nodule in enumerate(report.nodules, start=1)
        ]
        table = element(
            "table",
            element("caption", "Nodules, most likely first. A number leads to its pictures."),
            element(
                "thead",
                element(
                    "tr",
                    *(element("th", name or "Nodule", scope="col") for name in names),
                ),
            ),
            element("tbody", *rows),
        )
        rest = element("div", table, class_="scroll", tabindex="0", role="region")
        rest.set("aria-label", "Table of nodules")
    threshold = report.options.malignancy_threshold
    legend = element(
        "p",
        element("span", "○", class_="key"),
        " nodule",
        *(
            (
                "   ",
                element("span", "□", class_="key suspicious"),
                f" nodule with p(malignant) above {threshold:g}",
            )
            if any(mark.suspicious for mark in overview.marks)
            else ()
        ),
        class_="legend",
    )
    return _section(
        "overview",
        "Overview",
        element(
            "div",
            element("div", overview_figure(overview), legend if overview.marks else None),
            rest,
            class_="columns",
        ),
    )


def _nodule(scene: Scene, number: int, lungs: LungExtent | None) -> Element:
    report = scene.report
    nodule = report.nodules[number - 1]
    views = element(
        "div", *(view_figure(view, number) for view in scene.views(nodule)), class_="views"
    )
    back = element("a", "Back to the overview", class_="back", href="#overview")
    return _section(
        f"nodule-{number}",
        f"Nodule {number}",
        views,
        _list(facts.nodule_facts(nodule, report, lungs)),
        back,
        class_="nodule",
    )


def _section(name: str, heading: str, *content: Element, class_: str | None = None) -> Element:
    title = element("h2", heading, id=f"{name}-title")
    section = element("section", title, *content, id=name, tabindex="-1", class_=class_)
    section.set("aria-labelledby", f"{name}-title")
    return section


def _list(entries: facts.Facts) -> Element:
    pairs = [element("div", element("dt", name), element("dd", value)) for name, value in entries]
    return element("dl", *pairs)


def _points(lines: tuple[str, ...] | list[str]) -> Element:
    return element("ul", *(element("li", line) for line in lines))
