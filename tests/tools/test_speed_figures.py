"""Pages repeat figures of the benchmark's table; the tool that copies them leaves none behind."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("speed_figures", ROOT / "tools/speed_figures.py")
assert _spec is not None
assert _spec.loader is not None
figures = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(figures)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_pages_have_the_figures_of_the_table() -> None:
    rows = figures.read_table(text(figures.SPEED))
    assert figures.readme_with(text(figures.README), rows) == text(figures.README)
    assert figures.page_with(text(figures.CHOOSING), rows) == text(figures.CHOOSING)


def test_new_figures_reach_both_pages() -> None:
    rows = figures.read_table(text(figures.SPEED))
    rows["lungrt, native engine"] |= {
        "total (min - max)": "7.77 (7.70 - 7.90)",
        "speed-up over tuned": "6.5x",
    }
    readme, page = text(figures.README), text(figures.CHOOSING)
    assert "| lungrt, native engine | 7.77 |" in figures.readme_with(readme, rows)
    assert "| 6.5 |\n" in figures.readme_with(readme, rows)
    assert "| seconds for the CT | 7.77 |" in figures.page_with(page, rows)
    assert "| speed-up over eager PyTorch, tuned | 6.5 |" in figures.page_with(page, rows)


def test_a_page_without_a_row_is_refused() -> None:
    rows = figures.read_table(text(figures.SPEED))
    with pytest.raises(SystemExit, match="expected one row 'seconds for the CT'"):
        figures.page_with("nothing", rows)
