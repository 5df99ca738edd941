"""The page in a real Chromium, opened from a file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lungrt.html_report import to_html
from lungrt.pictures import Scene

MakeScene = Callable[..., Scene]

TAB, ENTER = ("Tab", 9), ("Enter", 13)


@pytest.fixture
def visits() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine, and the list of what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def hostile(address: str) -> str:
    return (
        f'</title></style><script src="{address}/a.js">document.title = "run"</script>'
        f'<img src="{address}/b.png" onerror="document.title = \'run\'"><!--'
    )


def test_nothing_is_asked_for_and_hostile_text_is_shown(
    browser: Any, visits: tuple[str, list[str]], make_scene: MakeScene, tmp_path: Path
) -> None:
    address, asked = visits
    text = hostile(address)
    scene = make_scene()
    scene.report.provenance.notes.append(text)
    page = tmp_path / "report.html"
    page.write_text(to_html(scene, title=text, source=text, patient={text: text}))
    browser.open(page)
    assert browser.requests == [page.as_uri()]
    assert asked == []
    assert browser.problems == []
    assert browser.value("document.title") == text
    assert browser.value("document.querySelector('h1').textContent") == text
    assert text in browser.value("document.querySelector('#notes li').textContent")
    assert browser.value("document.querySelectorAll('script, img').length") == 0


def test_a_request_would_be_seen(
    browser: Any, visits: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, asked = visits
    page = tmp_path / "planted.html"
    page.write_text(f"<!doctype html><img src='{address}/b.png'>")
    browser.open(page)
    assert browser.requests == [page.as_uri(), f"{address}/b.png"]
    assert asked == ["/b.png"]


def test_policy_stops_what_escaping_would_miss(
    browser: Any, visits: tuple[str, list[str]], make_scene: MakeScene, tmp_path: Path
) -> None:
    address, asked = visits
    page = tmp_path / "report.html"
    planted = f"<script>document.title='run'</script><img src='{address}/b.png'></main>"
    page.write_text(to_html(make_scene()).replace("</main>", planted))
    browser.open(page)
    assert asked == []
    assert browser.value("document.title") != "run"
    assert any("Content Security Policy" in problem for problem in browser.problems)


def test_style_is_applied(browser: Any, make_scene: MakeScene, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(to_html(make_scene()))
    backgrounds = []
    for scheme in ("light", "dark"):
        browser.send(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        browser.open(page)
        backgrounds.append(browser.picture()[:5, :5].mean())
    browser.send("Emulation.setEmulatedMedia", features=[])
    assert backgrounds[0] > 230
    assert backgrounds[1] < 40


def test_crosshair_stands_on_the_nodule(
    browser: Any, make_scene: MakeScene, tmp_path: Path
) -> None:
    page = tmp_path / "report.html"
    page.write_text(to_html(make_scene()))
    browser.open(page)
    for place in (1, 2, 3):
        picture = browser.picture(f".views figure:nth-child({place}) svg").astype(float).mean(-1)
        rows, columns = picture.shape
        # The arms of the crosshair, where they cross nothing else.
        column = picture[rows // 5].argmax()
        row = picture[: 3 * rows // 5, columns // 5].argmax()
        middle = picture[2 * rows // 5 : 3 * rows // 5, 2 * columns // 5 : 3 * columns // 5]
        offset = np.array((2 * rows // 5, 2 * columns // 5))
        nodule = np.argwhere(middle > 240).mean(axis=0) + offset
        assert np.array((row, column)) == pytest.approx(nodule, abs=3)
        assert picture.max() > 240


def test_keyboard_leads_from_the_overview_to_a_nodule_and_back(
    browser: Any, make_scene: MakeScene, tmp_path: Path
) -> None:
    nodules = make_scene().report.nodules * 2
    page = tmp_path / "report.html"
    page.write_text(to_html(make_scene(nodules=nodules)))
    browser.open(page)
    seen = []
    for _ in range(8):
        browser.press(*TAB)
        seen.append(
            browser.value(
                "(e => e.getAttribute('href') || e.getAttribute('aria-label'))"
                "(document.activeElement)"
            )
        )
    table = ["Table of nodules", "#nodule-1", "#nodule-2"]
    assert seen == ["#overview", "#nodule-1", "#nodule-2", *table, "#overview", "#overview"]
    browser.open(page)
    for _ in range(3):
        browser.press(*TAB)
    browser.press(*ENTER)
    assert browser.value("location.hash") == "#nodule-2"
    assert browser.value("document.querySelector('#nodule-2').getBoundingClientRect().top") < 400
    browser.press(*TAB)
    browser.press(*ENTER)
    assert browser.value("location.hash") == "#overview"


def test_pictures_have_descriptions(browser: Any, make_scene: MakeScene, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(to_html(make_scene()))
    browser.open(page)
    tree = browser.send("Accessibility.getFullAXTree")["nodes"]
    names = [
        node["name"]["value"]
        for node in tree
        if node.get("role", {}).get("value") in ("image", "img") and not node["ignored"]
    ]
    assert sum("Nodule 1 in the " in name for name in names) == 3
    assert any(name.startswith("The whole scan seen from the front") for name in names)
