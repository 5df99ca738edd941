"""The built site documents everything public, fetches nothing, and has no broken links."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import typer

import lungrt
from lungrt import errors
from lungrt.cli.app import app

ROOT = Path(__file__).parents[3]

# Tags that make a browser fetch something, and the attribute with its address.
FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
NOT_FETCHED = {"canonical", "index", "search", "next", "prev"}  # links for readers


class Page(HTMLParser):
    """Links of a page, files that it fetches, and anchors to which others can link."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if "id" in given:
            self.anchors.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if (name := FETCHED.get(tag)) in given and given.get("rel") not in NOT_FETCHED:
            self.fetched.append(given[str(name)])


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}


def is_elsewhere(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.scheme and parts.scheme != "data") or bool(parts.netloc)


def broken(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    """Return whether a link leads to no page, file or anchor of the site."""
    parts = urlsplit(link)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return True
    anchor = unquote(parts.fragment)
    return bool(anchor) and target in pages and anchor not in pages[target].anchors


def test_every_python_name_has_a_place(pages: dict[Path, Page], site: Path) -> None:
    anchors = pages[site / "reference/generated/python/lungrt.html"].anchors
    names = [name for name in lungrt.__all__ if name not in ("errors", "__version__")]
    assert [name for name in names if f"lungrt.{name}" not in anchors] == []
    assert "lungrt.__version__" in anchors or "__version__" in anchors
    of_errors = pages[site / "reference/generated/python/lungrt.errors.html"].anchors
    assert [name for name in errors.__all__ if f"lungrt.errors.{name}" not in of_errors] == []


def test_methods_are_there(pages: dict[Path, Page], site: Path) -> None:
    anchors = pages[site / "reference/generated/python/lungrt.html"].anchors
    public = [name for name in dir(lungrt.Pipeline) if not name.startswith("_")]
    assert [name for name in public if f"lungrt.Pipeline.{name}" not in anchors] == []


def declared(text: str) -> set[str]:
    """Return the names of the types and functions that a public header declares."""
    code = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    types = r"^(?:struct|class(?: LUNGRT_API)?|enum class) (\w+)[^;{]*\{"
    functions = r"^LUNGRT_API\s+[\w:<>,&*\s]*?\b(\w+)\("
    return {name for kind in (types, functions) for name in re.findall(kind, code, re.MULTILINE)}


def test_every_header_has_a_page_with_its_names(site: Path) -> None:
    missing = []
    headers = sorted((ROOT / "cpp/include/lungrt").glob("*.h*"))
    assert len(headers) > 10
    for header in headers:
        name = header.name.removesuffix(".in").removesuffix(".h")
        page = site / f"reference/generated/cpp/{name}.html"
        text = page.read_text(encoding="utf-8") if page.is_file() else ""
        # The words of a signature are in tags of their own, for syntax colours.
        words = set(re.findall(r"\w+", re.sub(r"<[^>]+>", " ", text)))
        names = declared(header.read_text(encoding="utf-8"))
        missing += [f"{header.name}: {each}" for each in sorted(names - words)]
        if not text:
            missing.append(f"{header.name}: no page")
    assert missing == []


def test_names_that_headers_declare() -> None:
    text = "struct A { int x; };\nclass LUNGRT_API B {\n};\nenum class C { kD };\nstruct E;\n"
    text += "LUNGRT_API std::map<int, F> g(\n    int);  // LUNGRT_API int h();\n"
    assert declared(text) == {"A", "B", "C", "g"}


def test_every_command_has_its_help(pages: dict[Path, Page], site: Path) -> None:
    page = site / "reference/cli.html"
    text = page.read_text(encoding="utf-8")

    def check(group: object, name: str) -> int:
        count = 0
        for child, command in group.commands.items():  # type: ignore[attr-defined]
            full = f"{name} {child}"
            if hasattr(command, "commands"):
                count += check(command, full)
                continue
            assert full.replace(" ", "-") in pages[page].anchors
            for parameter in command.params:
                assert parameter.hidden or parameter.opts[0] in text, (full, parameter.opts)
            count += 1
        return count

    assert check(typer.main.get_command(app), "lungrt") > 10


def test_error_page_has_every_error(site: Path) -> None:
    text = (site / "reference/errors.html").read_text(encoding="utf-8")
    codes = re.findall(r"^\s+(k\w+),", (ROOT / "cpp/include/lungrt/error.h").read_text(), re.M)
    assert len(codes) > 10
    assert [name for name in (*codes, *errors.__all__) if name not in text] == []


def test_report_page_has_every_key(site: Path) -> None:
    text = (site / "reference/report.html").read_text(encoding="utf-8")
    source = (ROOT / "cpp/src/report/json.cpp").read_text(encoding="utf-8")
    values = {"book", "exact", "volume", "lung", "stored", "patient"}
    keys = set(re.findall(r'"([a-z_0-9]+)"', source)) - values
    assert len(keys) > 30
    assert [key for key in sorted(keys) if f">{key}</span>" not in text] == []


def test_links_lead_somewhere(pages: dict[Path, Page]) -> None:
    found = [
        f"{path.name}: {link}"
        for path, page in pages.items()
        for link in page.links
        if not is_elsewhere(link) and not link.startswith("data:") and broken(path, link, pages)
    ]
    assert found == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<h1 id="here"></h1><a href="other.html">')
    pages = {page: Page(page.read_text())}
    assert broken(page, "other.html", pages)
    assert broken(page, "#there", pages)
    assert not broken(page, "#here", pages)


def test_nothing_is_fetched_from_elsewhere(pages: dict[Path, Page], site: Path) -> None:
    found = [link for page in pages.values() for link in page.fetched if is_elsewhere(link)]
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        found += [link for link in re.findall(r"url\(['\"]?([^'\")]+)", text) if is_elsewhere(link)]
        found += re.findall(r"@import\s+[^;]*//[^;]*", text)
    assert found == []
    assert is_elsewhere("//cdn.example/font.css")
