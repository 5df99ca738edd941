"""Content of the page."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from lungrt import Geometry
from lungrt.html_report import to_html
from lungrt.html_report.elements import document, element
from lungrt.html_report.place import LungExtent, counted_from
from lungrt.pictures import Scene

MakeScene = Callable[..., Scene]

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Elements of a page; every one must be closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.text += data

    def attributes(self, name: str) -> list[str]:
        return [
            value or "" for _, given in self.elements for key, value in given.items() if key == name
        ]


def test_every_address_is_in_the_page(make_scene: MakeScene) -> None:
    page = Page(to_html(make_scene()))
    for address in page.attributes("href") + page.attributes("src"):
        assert address.startswith(("#", "data:image/png;base64,"))
    names = page.attributes("id")
    assert len(names) == len(set(names))
    for address in page.attributes("href"):
        assert address.startswith("data:") or address[1:] in names
    assert not [tag for tag, _ in page.elements if tag in ("script", "link", "iframe", "object")]


def test_crosshair_and_outline_stand_on_the_embedded_pixels(make_scene: MakeScene) -> None:
    page = Page(to_html(make_scene()))
    images = [given for tag, given in page.elements if tag == "image"][1:]  # first the overview
    paths = [given for tag, given in page.elements if tag == "path"]
    crosses = [given["d"] for given in paths if given["class"] == "cross over"]
    outlines = [given["d"] for given in paths if given["class"] == "outline over"]
    assert len(images) == len(crosses) == len(outlines) == 3
    for image, cross, outline in zip(images, crosses, outlines, strict=True):
        content = base64.b64decode((image["href"] or "").partition(",")[2])
        pixels = np.asarray(Image.open(io.BytesIO(content)))
        assert (int(image["width"] or 0), int(image["height"] or 0)) == pixels.shape[::-1]
        match = re.fullmatch(r"M0 ([\d.]+)H.*?M([\d.]+) 0V.*", cross or "")
        assert match
        row, column = map(float, match.groups())
        near = pixels[int(row) - 8 : int(row) + 9, int(column) - 8 : int(column) + 9]
        bright = np.argwhere(near > 200).mean(axis=0) - 8
        assert np.abs(bright).max() < 1
        points = np.array(re.findall(r"([\d.]+) ([\d.]+)", outline or ""), float)
        assert points.mean(axis=0) == pytest.approx((column, row), abs=1)


def test_facts_of_nodule_scan_and_run(make_scene: MakeScene) -> None:
    text = Page(to_html(make_scene(), source="a NIfTI file")).text
    for fact in (
        "1 nodule among 3 candidates",
        "0.910",
        "8.0 mm",
        "268 mm³",
        "46 of 91, counted from the feet",
        "slice 45, row 45, column 45",
        "a NIfTI file",
        "0.8 mm between slices",
        "lungrt 0.1.0",
        "book (region volume",
        "nodule 0.5",
        "cpu (avx2), 2 threads",
        "1.6 (segment 1.0, classify 0.5)",
        "ab" * 32,
        "not a medical device",
    ):
        assert fact in text, fact


def test_nothing_of_the_patient_unless_asked_for(make_scene: MakeScene) -> None:
    scene = make_scene()
    assert "1.2.3.4.5" not in to_html(scene)
    assert "Patient ID" not in to_html(scene)
    page = Page(to_html(scene, patient={"Patient ID": "P<7>", "Series UID": "1.2.3.4.5"}))
    assert "P<7>" in page.text
    assert "1.2.3.4.5" in page.text


def test_page_without_nodules_says_so(make_scene: MakeScene) -> None:
    page = Page(to_html(make_scene(nodules=[], candidates=[])))
    assert "No nodules among 0 candidates" in page.text
    assert "No nodule was found. That does not mean that there is none." in page.text
    assert sum(tag == "image" for tag, _ in page.elements) == 1
    assert not [tag for tag, _ in page.elements if tag == "table"]


def test_a_hundred_nodules_stay_small(make_scene: MakeScene) -> None:
    nodules = make_scene().report.nodules * 100
    text = to_html(make_scene(nodules=nodules))
    assert Page(text).attributes("id").count("nodule-100") == 1
    assert len(text) < 5e6


@pytest.mark.parametrize(("p_malignant", "shape"), [(0.4, "circle"), (0.8, "rect")])
def test_malignant_marks_differ_in_shape_and_are_explained(
    make_scene: MakeScene, p_malignant: float, shape: str
) -> None:
    nodule = make_scene().report.nodules[0]
    nodule.p_malignant = p_malignant
    page = Page(to_html(make_scene(nodules=[nodule])))
    drawn = {tag for tag, _ in page.elements if tag in ("circle", "rect")}
    assert drawn == {shape}
    assert ("p(malignant) above 0.5" in page.text) == (shape == "rect")


def test_text_is_escaped_and_characters_that_deceive_are_replaced() -> None:
    made = document(element("p", "a<b>&\x00\x1b\u202e", title='"><script>'))
    assert "<b>" not in made
    assert "<script>" not in made
    assert "a&lt;b&gt;&amp;\ufffd\ufffd</p>" in made


@pytest.mark.parametrize(
    ("center", "words"),
    [
        ((60, -50, -90), "left half, lower third, front"),
        ((-60, 50, 90), "right half, upper third, back"),
        ((5, 0, 0), "near the middle, middle third, middle"),
        ((200, 500, 500), "left half, upper third, back"),
    ],
)
def test_place_in_words(center: tuple[float, float, float], words: str) -> None:
    assert LungExtent((-120, -80, -120), (120, 80, 120)).words(center) == words


def test_extent_of_the_lung_field_is_in_the_patient() -> None:
    field = np.zeros((40, 60, 80), bool)
    field[8:21, 4:41, 12:73] = True
    # Columns run towards the head, rows to the right, slices to the back.
    direction = ((0, -1, 0), (0, 0, 1), (1, 0, 0))
    report = SimpleNamespace(
        lung_field=object(),
        masks=SimpleNamespace(lung_field=field),
        geometry=Geometry((100, 10, -50), (1.0, 2.0, 3.0), direction),
    )
    extent = LungExtent.of(report)
    assert extent == LungExtent(
        (100 - 2 * 40, 10 + 3 * 8, -50 + 12), (100 - 2 * 4, 10 + 3 * 20, -50 + 72)
    )
    report.lung_field = None
    assert LungExtent.of(report) is None


@pytest.mark.parametrize(
    ("direction", "side"),
    [
        (((1, 0, 0), (0, 1, 0), (0, 0, 1)), "feet"),
        (((1, 0, 0), (0, -1, 0), (0, 0, -1)), "head"),
        (((0, 0, 1), (1, 0, 0), (0, 1, 0)), "right"),
        (((1, 0, 0), (0, 0, -1), (0, 1, 0)), "back"),
    ],
)
def test_side_from_which_slices_are_counted(
    direction: tuple[tuple[float, ...], ...], side: str
) -> None:
    assert counted_from(Geometry(direction=direction)) == side
