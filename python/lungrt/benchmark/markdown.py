"""Tables of a benchmark in a Markdown file, between two marker comments."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.benchmark import labels
from lungrt.errors import InvalidArgument, Io

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lungrt.benchmark.document import Benchmark
    from lungrt.benchmark.outputs import Comparison
    from lungrt.benchmark.summary import Summary

__all__ = ["BEGIN", "END", "read_marked", "replaced", "to_markdown"]

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

_COLUMNS = 100
_FOLDERS = re.compile(r"(?<![\w.])/(?:[^\s/:;,()'\"]+/)+")


def read_marked(path: Path) -> str:
    """Read a Markdown file that has the two markers.

    Raises
    ------
    lungrt.errors.Io
        If the file cannot be read.
    lungrt.errors.InvalidArgument
        If the file does not have each marker once, in this order.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Io(f"{path}: cannot be read ({error})") from error
    begin, end = text.find(BEGIN), text.find(END)
    if text.count(BEGIN) != 1 or text.count(END) != 1 or begin > end:
        raise InvalidArgument(
            f"{path}: expected the line {BEGIN} and after it the line {END}, once each; the text "
            "between them is replaced"
        )
    return text


def replaced(text: str, section: str) -> str:
    """Return the text with the section between the two markers replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{section.strip()}\n{END}{after}"


def to_markdown(benchmark: Benchmark, picture: Path | None = None, page: Path | None = None) -> str:
    """Return the tables of a benchmark as Markdown.

    Parameters
    ----------
    benchmark : Benchmark
        The benchmark.
    picture : pathlib.Path, optional
        Chart to show above the tables.
    page : pathlib.Path, optional
        File that will contain the tables, to which the link to the picture is relative.
    """
    lines = (_wrapped(line) for line in _lines(benchmark, picture, page))
    return "\n".join(lines) + "\n"


def _wrapped(line: str) -> str:
    """Return a line of a table or a picture unchanged, and prose in short lines."""
    if line.startswith(("|", "!")):
        return line
    return textwrap.fill(line, _COLUMNS, break_long_words=False, break_on_hyphens=False)


def _lines(benchmark: Benchmark, picture: Path | None, page: Path | None) -> Iterator[str]:
    if picture is not None:
        folder = page.resolve().parent if page else Path.cwd()
        link = Path(os.path.relpath(picture.resolve(), folder)).as_posix()
        yield f"![Seconds of each stage, by configuration]({link})"
        yield ""
    yield (
        f"{benchmark.workload}; {labels.rounds(benchmark)}. Seconds from file to probabilities, "
        f"on {_machine(benchmark)}:"
    )
    yield ""
    yield from _table(benchmark, labels.STAGE_HEADINGS, labels.stage_cells)
    yield ""
    yield (
        "Seconds from the start of the process until the networks are ready and until a small CT "
        "is diagnosed, and milliseconds of the networks alone:"
    )
    yield ""
    yield from _table(benchmark, labels.RATE_HEADINGS, labels.rate_cells)
    yield ""
    yield from _outcome(benchmark)


def _machine(benchmark: Benchmark) -> str:
    known = benchmark.environment
    torch = known["packages"].get("torch")
    return f"{known['processors']} processors of {known['cpu']}" + (torch and f", torch {torch}")


def _table(
    benchmark: Benchmark, headings: Sequence[str], cells: Callable[[Summary], list[str]]
) -> Iterator[str]:
    yield "| | " + " | ".join(headings) + " |"
    yield "|---|" + "---:|" * len(headings)
    grouped = labels.groups(benchmark)
    for group, summaries in grouped.items():
        for summary in summaries:
            suffix = f" ({group})" if len(grouped) > 1 else ""
            yield f"| {_escaped(summary.title)}{suffix} | " + " | ".join(cells(summary)) + " |"


def _outcome(benchmark: Benchmark) -> Iterator[str]:
    if labels.same_decisions(benchmark):
        yield from _agreement(benchmark)
    else:
        for summary in benchmark.summaries:
            comparison = summary.record.comparison
            if comparison and not comparison.same_decisions:
                yield f"{_escaped(summary.title)}: {comparison.describe()}."
    # Paths are shortened to their last part, because the page is read on other machines.
    missing = [_escaped(_FOLDERS.sub("", line)) for line in labels.not_measured(benchmark)]
    if missing:
        yield "Not measured: " + "; ".join(missing) + "."


def _agreement(benchmark: Benchmark) -> Iterator[str]:
    compared = [s.record.comparison for s in benchmark.summaries if s.record.comparison]
    everywhere = [c for c in compared if c.in_region is None]
    in_field = [c for c in compared if c.in_region is not None]
    if len(everywhere) > 1:
        who = " that search the whole volume" if in_field else ""
        yield (
            f"All {len(everywhere)} configurations{who} found the same "
            f"{everywhere[0].candidates} candidates and made the same decisions; probabilities "
            f"differ by at most {_most(everywhere)}."
        )
    if in_field:
        counts = " or ".join(str(count) for count in sorted({c.in_region or 0 for c in in_field}))
        yield (
            f"Of the {in_field[0].candidates} candidates, {counts} lie in the lung field; "
            "configurations that search only there decide the same about these, and probabilities "
            f"differ by at most {_most(in_field)}."
        )


def _most(compared: Sequence[Comparison]) -> str:
    return f"{max(c.largest_difference for c in compared):.1e}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
