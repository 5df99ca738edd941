"""Table of a benchmark on the terminal and, between two marker comments, in a Markdown file."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from lungrt.benchmark.measure import STAGES
from lungrt.benchmark.summary import DIFFERENT
from lungrt.comparison.differences import largest
from lungrt.errors import InvalidArgument, Io

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from lungrt.benchmark.agreement import Agreement
    from lungrt.benchmark.summary import Benchmark, Spread, Summary

__all__ = ["BEGIN", "END", "print_benchmark", "read_marked", "replaced", "to_markdown"]

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

_HEADINGS = ("start-up", *STAGES, "total (min - max)", "later CTs", "peak memory", "speed-up")
_NOT_MEASURED = "-"
_COLUMNS = 100  # width of prose in Markdown
_FOLDERS = re.compile(r"(?<![\w.])/(?:[^\s/:;,()'\"]+/)+")


def print_benchmark(console: Console, benchmark: Benchmark) -> None:
    """Print the table, how results compare, what was not measured, and the machine."""
    console.print(f"{benchmark.workload}; {_rounds(benchmark)}", soft_wrap=True)
    table = Table(
        title="Seconds for one CT, and speed-up over eager PyTorch as the book runs it",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    table.add_column("")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    group = ""
    for summary in benchmark.summaries:
        if group and group != summary.configuration.group:
            table.add_section()
        group = summary.configuration.group
        style = "bold red" if summary.differs else ""
        table.add_row(_title(benchmark, summary), *_cells(summary), style=style)
    console.print(table)
    for summary in benchmark.summaries:
        agreement, key = summary.record.agreement, summary.configuration.key
        if agreement and agreement.baseline != key:
            console.print(
                f"{key} compared with {agreement.baseline}: {agreement.describe()}",
                style="" if agreement.same_decisions else "bold red",
                soft_wrap=True,
            )
    for line in _not_measured(benchmark):
        console.print(f"not measured: {line}", style="yellow", soft_wrap=True)
    known = benchmark.environment
    packages = [f"{name} {version}" for name, version in known["packages"].items() if version]
    console.print(
        f"{known['cpu']}, {known['processors']} processors, {known['os']}, {known['libc']}, "
        f"Python {known['python']}, {', '.join(packages)}",
        soft_wrap=True,
    )
    for warning in benchmark.warnings:
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)


def _title(benchmark: Benchmark, summary: Summary) -> str:
    mark = f"; {DIFFERENT}" if summary.differs else ""
    group = f" ({summary.configuration.group})" if benchmark.several_groups else ""
    return summary.configuration.title + group + mark


def _cells(summary: Summary) -> list[str]:
    """Return the cells under `_HEADINGS`: seconds, gigabytes and the speed-up."""
    total = summary.total
    spread = f" ({_number(total.lowest)} - {_number(total.highest)})" if total else ""
    return [
        _median(summary.start),
        *(_median(summary.stages.get(stage)) for stage in STAGES),
        _median(total) + spread,
        _median(summary.warm),
        _NOT_MEASURED if summary.peak_bytes is None else f"{summary.peak_bytes / 1e9:.2f} GB",
        _NOT_MEASURED if summary.ratio is None else f"{summary.ratio:.1f}x",
    ]


def _median(spread: Spread | None) -> str:
    return _NOT_MEASURED if spread is None else _number(spread.median)


def _number(value: float) -> str:
    """Return a number with about three significant digits."""
    for limit, digits in ((0.1, 3), (10, 2), (100, 1)):
        if abs(value) < limit:
            return f"{value:.{digits}f}"
    return f"{value:.0f}"


def _rounds(benchmark: Benchmark) -> str:
    several = "1 round" if benchmark.rounds == 1 else f"{benchmark.rounds} interleaved rounds"
    return f"medians of {several}, each measurement in a new process"


def _not_measured(benchmark: Benchmark) -> Iterator[str]:
    """Yield a line for each configuration that failed, and then for all that were not measured."""
    for summary in benchmark.summaries:
        failure = summary.record.failure
        if failure:
            yield f"{summary.configuration.key} (round {failure.round + 1}): {failure.message}"
    for skipped in benchmark.skipped:
        yield f"{skipped.what}: {skipped.why}"


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
    """Return the table of a benchmark as Markdown.

    Parameters
    ----------
    benchmark : Benchmark
        The benchmark.
    picture : pathlib.Path, optional
        Chart to show above the table.
    page : pathlib.Path, optional
        File that will contain the table, to which the link to the picture is relative.
    """
    lines = []
    if picture is not None:
        folder = page.resolve().parent if page else Path.cwd()
        link = Path(os.path.relpath(picture.resolve(), folder)).as_posix()
        lines += [f"![Seconds of each stage, by configuration]({link})", ""]
    known = benchmark.environment
    torch = known["packages"].get("torch")
    machine = f"{known['processors']} processors of {known['cpu']}" + (torch and f", torch {torch}")
    lines += [
        _wrapped(
            f"{benchmark.workload}; {_rounds(benchmark)}. Seconds from file to probabilities, on "
            f"{machine}:"
        ),
        "",
        "| | " + " | ".join(_HEADINGS) + " |",
        "|---|" + "---:|" * len(_HEADINGS),
    ]
    for summary in benchmark.summaries:
        cells = [_escaped(_title(benchmark, summary)), *_cells(summary)]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *map(_wrapped, _outcome(benchmark))]
    return "\n".join(lines) + "\n"


def _wrapped(prose: str) -> str:
    return textwrap.fill(prose, _COLUMNS, break_long_words=False, break_on_hyphens=False)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _outcome(benchmark: Benchmark) -> Iterator[str]:
    """Yield sentences about what was found, and about what was not measured."""
    compared = [(s, s.record.agreement) for s in benchmark.summaries if s.record.agreement]
    differing = [(s, agreement) for s, agreement in compared if not agreement.same_decisions]
    for summary, agreement in differing:
        yield f"{_escaped(summary.configuration.title)}: {agreement.describe()}."
    if not differing:
        yield from _same([agreement for _, agreement in compared])
    # Paths are shortened to their last part, because the page is read on other machines.
    missing = [_escaped(_FOLDERS.sub("", line)) for line in _not_measured(benchmark)]
    if missing:
        yield "Not measured: " + "; ".join(missing) + "."


def _same(compared: Sequence[Agreement]) -> Iterator[str]:
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


def _most(compared: Sequence[Agreement]) -> str:
    return f"{largest(c.largest_difference for c in compared):.1e}"
