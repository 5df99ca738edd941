"""The interactive viewer of the page."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from typer.testing import CliRunner

from lungrt.cli.app import app
from lungrt.errors import InvalidArgument
from lungrt.html_report import reduced_volume, to_html, viewer
from lungrt.pictures import Scene

MakeScene = Callable[..., Scene]

TURNED = np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]])  # as some scan could be stored


@pytest.fixture
def needs_viewer() -> None:
    """Skip where the viewer was not made, which in continuous integration is a failure."""
    try:
        viewer.check_viewer()
    except InvalidArgument as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


def read(content: bytes, folder: Path) -> SimpleITK.Image:
    file = folder / "volume.nii.gz"
    file.write_bytes(content)
    return SimpleITK.ReadImage(str(file))


@pytest.mark.parametrize("direction", [np.eye(3), TURNED])
@pytest.mark.parametrize("limit", [10**9, 90_000])
def test_reduced_volume_keeps_its_place(
    make_scene: MakeScene,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    direction: Any,
    limit: int,
) -> None:
    monkeypatch.setattr(reduced_volume, "_MOST_VOXELS", limit)
    content = reduced_volume.reduced_volume(make_scene(direction, (0.7, 0.9, 2.0)))
    mask, ct = read(content.mask, tmp_path), read(content.ct, tmp_path)
    assert ct.GetNumberOfPixels() <= limit
    assert content.size == " by ".join(map(str, ct.GetSize()[::-1]))
    marked = np.argwhere(SimpleITK.GetArrayFromImage(mask))[:, ::-1]
    center = np.mean(
        [mask.TransformIndexToPhysicalPoint(tuple(map(int, at))) for at in marked], axis=0
    )
    assert np.abs(center).max() < 1.5
    marker = ct.TransformPhysicalPointToIndex((16.0, -12.0, 8.0))
    mirrored = ct.TransformPhysicalPointToIndex((-16.0, -12.0, 8.0))
    assert ct[marker] > 150 > ct[mirrored]


def test_viewer_that_is_not_installed_is_an_error(
    make_scene: MakeScene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer, "_LIBRARY", tmp_path / "absent.js")
    with pytest.raises(InvalidArgument, match="make viewer"):
        to_html(make_scene(), viewer=True)
    arguments = ["diagnose", "ct", "--viewer", "--output", str(tmp_path / "a.html")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "run make viewer" in result.stderr


@pytest.mark.parametrize("option", ["--viewer", "--show-patient"])
def test_option_without_a_page_is_an_error(option: str, tmp_path: Path) -> None:
    arguments = ["diagnose", "ct", option, "--output", str(tmp_path / "a.json")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert f"{option} needs a page: add --output FILE.html" in result.stderr


def test_script_cannot_end_its_element() -> None:
    assert "</script" not in viewer._inline("a='</script>'; b='<!--'")
    assert "<!--" not in viewer._inline("b='<!--'")


@pytest.mark.usefixtures("needs_viewer")
@pytest.mark.parametrize("direction", [np.eye(3), TURNED])
def test_viewer_in_chromium(
    browser: Any, make_scene: MakeScene, tmp_path: Path, direction: Any
) -> None:
    page = tmp_path / "report.html"
    page.write_text(to_html(make_scene(direction), viewer=True))
    assert "Copyright (c) 2021, Niivue" in page.read_text()
    browser.open(page)
    status = "document.getElementById('viewer-status').textContent"
    until = time.monotonic() + 300  # software rendering on a busy machine; far more than it needs
    while browser.value(status) == "Loading" and time.monotonic() < until:
        time.sleep(0.2)
    assert browser.value(status) == "Nodule 1 is at the crosshair."
    assert browser.requests == [page.as_uri()]
    assert browser.problems == []
    browser.value(
        "(() => { const v = lungrtViewer; v.scene.crosshairPos = v.mm2frac([-16, 12, 8]);"
        "v.drawScene(); })()"
    )
    assert browser.value("lungrtViewer.opts.isRadiologicalConvention") is True
    browser.value("document.querySelector('#viewer button').focus()")
    browser.press("Enter", 13)
    place = browser.value(
        "Array.from(lungrtViewer.frac2mm(lungrtViewer.scene.crosshairPos)).slice(0, 3)"
    )
    assert np.abs(place).max() < 1
