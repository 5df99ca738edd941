"""Copy figures of the table in docs/speed.md into README.md and the page on choosing an engine.

`make bench` runs it after it has measured. With --check it changes nothing and fails if a page has
other figures than the table.

Example: python tools/speed_figures.py --check
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPEED, README = "docs/speed.md", "README.md"
CHOOSING = "docs/guides/choosing-an-engine.md"

_BOOK, _TUNED = "speed-up over book", "speed-up over tuned"
_TOTAL, _MEMORY = "total (min - max)", "peak memory"
# Rows of the README, and what `lungrt bench` calls them.
README_ROWS = {
    "eager PyTorch + SciPy, as the book runs it": (
        "eager PyTorch + SciPy, as the book runs it (NCHW, batch 4)"
    ),
    "eager PyTorch + SciPy, tuned": (
        "eager PyTorch + SciPy, tuned (channels-last, batch 8, memory kept)"
    ),
    "lungrt, TorchScript engine": "lungrt, TorchScript engine",
    "lungrt, native engine": "lungrt, native engine",
    "lungrt, native engine, within the lungs only": "lungrt, native engine (profile lung)",
}
_README_COLUMNS = (_TOTAL, _MEMORY, _BOOK, _TUNED)
# Rows of the page, whose columns are engines.
_PAGE_ROWS = {
    "seconds for the CT": _TOTAL,
    "speed-up over eager PyTorch, as the book runs it": _BOOK,
    "speed-up over eager PyTorch, tuned": _TUNED,
    "start-up, seconds": "start-up",
    "peak memory": _MEMORY,
}
_PAGE_ENGINES = ("native", "TorchScript", "ONNX Runtime", "AOTInductor")


def read_table(text: str) -> dict[str, dict[str, str]]:
    """Return the cells of the benchmark's table by row and column."""
    lines = iter(text.splitlines())
    headings = next(_cells(line) for line in lines if _TOTAL in line)
    next(lines)
    rows = {}
    for line in lines:
        if not line.startswith("|"):
            break
        title, *cells = _cells(line)
        rows[title] = dict(zip(headings[1:], cells, strict=True))
    return rows


def readme_with(readme: str, rows: dict[str, dict[str, str]]) -> str:
    """Return the README with the figures of the table."""
    for title, source in README_ROWS.items():
        values = [_figure(rows[source][column]) for column in _README_COLUMNS]
        readme = _with_row(readme, title, values)
    return readme


def page_with(page: str, rows: dict[str, dict[str, str]]) -> str:
    """Return the page on choosing an engine with the figures of the table."""
    for title, column in _PAGE_ROWS.items():
        found = [rows[f"lungrt, {engine} engine"][column] for engine in _PAGE_ENGINES]
        page = _with_row(page, title, [_figure(text) for text in found])
    return page


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _figure(cell: str) -> str:
    """Return a cell without the range behind a median and without the x of a ratio."""
    return re.sub(r" \(.*|x$", "", cell)


def _with_row(text: str, title: str, values: list[str]) -> str:
    row = re.compile(rf"^\| {re.escape(title)} \|.*\|$", re.MULTILINE)
    if len(row.findall(text)) != 1:
        raise SystemExit(f"expected one row {title!r}")
    return row.sub(f"| {title} | {' | '.join(values)} |", text)


def main() -> None:
    """Write both pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say what differs")
    arguments = parser.parse_args()
    rows = read_table((ROOT / SPEED).read_text(encoding="utf-8"))
    stale = []
    for name, with_figures in ((README, readme_with), (CHOOSING, page_with)):
        old = (ROOT / name).read_text(encoding="utf-8")
        new = with_figures(old, rows)
        if new == old:
            continue
        stale.append(name)
        if not arguments.check:
            (ROOT / name).write_text(new, encoding="utf-8")
    if arguments.check and stale:
        sys.exit(f"{' and '.join(stale)}: other figures than {SPEED}; run {Path(__file__).name}")


if __name__ == "__main__":
    main()
