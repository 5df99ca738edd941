"""The page, the picture and the crops."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from evaluation_examples import nodule, report
from rich.console import Console

import lungrt
from lungrt.data.scans import ScanFile
from lungrt.data.truth import Truth
from lungrt.evaluation.cases import Case
from lungrt.evaluation.crops import add_pictures, axial_crop, crop_picture
from lungrt.evaluation.document import Evaluation
from lungrt.evaluation.page import to_html
from lungrt.evaluation.picture import to_png
from lungrt.evaluation.plots import panels, to_svg
from lungrt.evaluation.score import score
from lungrt.evaluation.selection import select
from lungrt.evaluation.terminal import print_evaluation, print_overview

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Checks that tags close, and collects what would be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(html: str) -> Page:
    """Parse a page; it must be whole and need nothing else."""
    page = Page()
    page.feed(html)
    assert page.open == []
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert all(link.startswith("data:image/") for link in page.links)
    assert not re.search(r"url\(|@import", html)
    return page


def example(scans: int = 6, *, malignancy: bool = True) -> Evaluation:
    """Score scans with one nodule each; every third is missed."""
    reports, nodules = [], []
    for k in range(scans):
        uid = f"1.{k}"
        p = 0.1 + 0.8 * k / scans
        place = 60.0 if k % 3 == 2 else 0.0
        reports.append(
            report(uid, [(place, 0.9, p if malignancy else None)], malignancy=malignancy)
        )
        nodules.append(nodule(0.0, 4.0 + 3 * k, k % 2 == 0, uid, ratings=(1, 2, 3, 3)))
    truth = Truth(nodules, files=["annotations.csv"])
    chosen, findings = select(reports, truth, truth.by_series())
    return score(chosen, truth, findings, bootstraps=200)


@pytest.fixture(scope="module")
def full() -> Evaluation:
    """Score six scans."""
    return example()


@pytest.fixture(scope="module")
def empty() -> Evaluation:
    """Score a scan without nodule or mark."""
    truth = Truth([], series=["a"], files=["annotations.csv"])
    return score(*_chosen([report("a")], truth))


def _chosen(reports: list[object], truth: Truth) -> tuple[object, Truth, object]:
    chosen, findings = select(reports, truth, {"a"})  # type: ignore[arg-type]
    return chosen, truth, findings


def test_page_has_every_score(full: Evaluation) -> None:
    html = to_html(full)
    page = checked(html)
    assert page.tags.count("img") == 4  # curves; there are no scans for crops
    assert "Pred. Malignant" in html
    assert f"{full.froc.cpm:.3f}" in html  # type: ignore[union-attr]
    assert "p(malignant) of found nodules" in html
    assert "diameter of found nodules" in html
    assert "diameter of all annotated nodules" in html
    assert "no picture: not requested" in html
    assert "agreement of the readers on malignancy" in html
    assert "prefers-color-scheme: dark" in html


def test_page_without_nodules_says_what_is_undefined(empty: Evaluation) -> None:
    html = to_html(empty)
    assert checked(html).tags.count("img") == 0
    assert "Undefined: the scored scans have no annotated nodule" in html
    assert "The reports have no candidates" in html
    assert "no malignancy model" in html


def test_page_without_a_malignancy_model() -> None:
    html = to_html(example(malignancy=False))
    checked(html)
    assert "Pred. Nodule" in html
    assert "Pred. Malignant" not in html


def test_page_escapes_names(full: Evaluation) -> None:
    nasty = "<script>alert(1)</script>"
    truth = Truth([nodule(uid="a")], files=[nasty])
    e = score(*_chosen([report("a")], truth))
    e.findings.notes.append(nasty)
    checked(to_html(e))


def test_long_lists_on_a_page_are_folded(full: Evaluation) -> None:
    many = example(60)
    many.findings.missing = [f"2.{k}" for k in range(300)]
    html = to_html(many)
    checked(html)
    assert "<summary>300 lines</summary>" in html
    assert "and 200 more; the JSON output lists all of them" in html
    assert "<details><summary>60 nodules</summary>" in html
    assert "<details open><summary>6 nodules</summary>" in to_html(full)


def test_curves_follow_the_reader(full: Evaluation) -> None:
    drawn = {name: to_svg(draw) for name, draw in panels(full)}
    assert list(drawn) == ["froc", "roc", "calibration", "size"]
    for svg in drawn.values():
        assert svg.lstrip().startswith("<?xml")
        assert "prefers-color-scheme: dark" in svg
    assert "false positives per scan" in drawn["froc"]


def test_picture(full: Evaluation, empty: Evaluation) -> None:
    image = pytest.importorskip("matplotlib.image")
    for evaluation in (full, empty):
        pixels = image.imread(io.BytesIO(to_png(evaluation)), format="png")
        assert pixels.shape[1] == 1320
        assert pixels[..., :3].std() > 0.02


def test_terminal(full: Evaluation, empty: Evaluation) -> None:
    text = io.StringIO()
    print_evaluation(Console(file=text, width=160, markup=False), full)
    assert str(full.table) in text.getvalue()
    assert "0.125: " in text.getvalue()
    assert "difference of both AUCs, found nodules" in text.getvalue()
    text = io.StringIO()
    print_evaluation(Console(file=text, width=160, markup=False), empty)
    assert "undefined: no annotated nodule" in text.getvalue()
    assert "undefined: 0 benign and 0 malignant nodules" in text.getvalue()


def test_overview_says_what_became_of_each_nodule(full: Evaluation, empty: Evaluation) -> None:
    text = io.StringIO()
    print_overview(Console(file=text, width=160, markup=False), full)
    said = text.getvalue()
    found = full.subgroups[0].found
    assert f"Found {found} of {full.counts.nodules} nodules with " in said
    assert f"{full.counts.false_reported} false positive" in said
    assert "Malignancy is right for" in said
    for outcome in full.outcomes:
        assert f"{outcome.nodule.diameter_mm:.1f}" in said
    assert "CPM" not in said
    text = io.StringIO()
    print_overview(Console(file=text, width=160, markup=False), empty)
    assert "Found 0 of 0 nodules" in text.getvalue()
    assert "Malignancy" not in text.getvalue()


@pytest.fixture
def volume() -> lungrt.CtVolume:
    """Make a volume whose every voxel says where it is."""
    slices, rows, columns = np.mgrid[:5, :60, :80]
    hu = (slices * 10000 + rows * 100 + columns).astype(np.int16)
    return lungrt.CtVolume(hu, lungrt.Geometry((-10, -20, 30), (0.5, 1.0, 2.0)))


def test_crop_is_the_slice_around_a_place(volume: lungrt.CtVolume) -> None:
    crop = axial_crop(volume, volume.geometry.to_world((3, 30, 40)), 10.0)
    assert crop is not None
    plane, (left, right, bottom, top) = crop
    assert np.array_equal(plane, volume.hu[3, 25:36, 30:51])
    assert (left, right, bottom, top) == pytest.approx((-5.25, 5.25, 5.5, -5.5))


def test_crop_ends_where_the_scan_does(volume: lungrt.CtVolume) -> None:
    crop = axial_crop(volume, volume.geometry.to_world((0, 0, 79)), 10.0)
    assert crop is not None
    plane, extent = crop
    assert np.array_equal(plane, volume.hu[0, :6, 69:])
    assert extent == pytest.approx((-5.25, 0.25, 5.5, -0.5))
    assert axial_crop(volume, volume.geometry.to_world((0, -1, 79)), 10.0) is None
    assert axial_crop(volume, volume.geometry.to_world((5, 1, 1)), 10.0) is None


def test_crop_of_a_turned_scan() -> None:
    direction = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]
    hu = np.arange(4 * 30 * 30).reshape(4, 30, 30).astype(np.int16)
    volume = lungrt.CtVolume(hu, lungrt.Geometry((5, 6, 7), (1, 1, 3), direction))
    crop = axial_crop(volume, volume.geometry.to_world((2, 10, 20)), 4.0)
    assert crop is not None
    assert np.array_equal(crop[0], hu[2, 8:13, 18:23])


def test_picture_of_a_crop_has_a_circle_of_the_mark() -> None:
    image = pytest.importorskip("matplotlib.image")
    plane = np.full((72, 72), -1000, np.int16)
    picture = crop_picture(plane, (-36.0, 36.0, 36.0, -36.0), 30.0)
    pixels = image.imread(io.BytesIO(picture), format="png")[..., :3]
    coloured = np.argwhere(pixels[..., 0] > pixels[..., 2] + 0.4)
    middle = (np.array(pixels.shape[:2]) - 1) / 2
    mm = np.linalg.norm(coloured - middle, axis=1) * 72 / pixels.shape[0]
    assert mm.min() > 15.0
    assert mm.max() < 18.0


def test_window_of_a_crop() -> None:
    image = pytest.importorskip("matplotlib.image")
    for hu, grey in ((-1000, 0.0), (400, 1.0), (-300, 0.5), (3000, 1.0)):
        picture = crop_picture(np.full((9, 9), hu, np.int16), (-36.0, 36.0, 36.0, -36.0), 3.0)
        pixels = image.imread(io.BytesIO(picture), format="png")
        assert pixels[5, 5, 0] == pytest.approx(grey, abs=0.01)


def test_each_case_gets_its_picture_or_the_reason(
    tmp_path: Path, volume: lungrt.CtVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def read_scan(scan: ScanFile) -> lungrt.CtVolume:
        read.append(scan.series_uid)
        if scan.series_uid == "bad":
            raise lungrt.errors.Io("bad.mhd: cannot be read")
        return volume

    monkeypatch.setattr(ScanFile, "read", read_scan)
    inside, outside = volume.geometry.to_world((1, 9, 9)), (900.0, 0.0, 0.0)
    cases = [
        Case("x", "", uid, place, 5.0)
        for uid, place in (("a", inside), ("a", outside), ("bad", inside), ("none", inside))
    ]
    add_pictures(cases, {uid: ScanFile(uid, tmp_path) for uid in ("a", "bad")})
    assert [case.picture is not None for case in cases] == [True, False, False, False]
    assert [case.no_picture for case in cases[1:]] == [
        "the position lies outside of the scan",
        "the scan cannot be read: bad.mhd: cannot be read",
        "the scan was not found; --scans sets its folder",
    ]
    assert read == ["a", "bad"]
