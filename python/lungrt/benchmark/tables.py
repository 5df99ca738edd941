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
from lungrt.benchmark.plan import DEFAULT_PRECISION
from lungrt.comparison.differences import largest
from lungrt.errors import InvalidArgument, Io

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from rich.console import Console

    from lungrt.benchmark.agreement import Agreement
    from lungrt.benchmark.summary import Benchmark, Spread, Summary

__all__ = ["BEGIN", "END", "print_benchmark", "read_marked", "replaced", "to_markdown"]

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

_HEADINGS = (
    "start-up",
    *STAGES,
    "total (min - max)",
    "later CTs",
    "peak memory",
    "speed-up over book",
    "speed-up over tuned",
)
_PART = (
    "Rows with profile lung look at a part of the volume, within the lungs; their ratios compare "
    "less work with more."
)
_NOT_MEASURED = "-"
_EXTENSIONS = {"avx2": "AVX2", "avx512f": "AVX-512", "amx_bf16": "AMX"}
_TITLE = 36  # width of titles on the terminal
_COLUMNS = 100  # width of prose in Markdown
_FOLDERS = re.compile(r"(?<![\w.])/(?:[^\s/:;,()'\"]+/)+")


def print_benchmark(console: Console, benchmark: Benchmark) -> None:
    """Print the table, how results compare, what was not measured, and the machine."""
    console.print(f"{benchmark.workload}; {_rounds(benchmark)}", soft_wrap=True)
    table = Table(
        title="Seconds for one CT, and how many times as fast it is as eager PyTorch, "
        "as the book runs it and tuned",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    table.add_column("", min_width=_TITLE)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    group = ""
    for summary in benchmark.summaries:
        if group and group != summary.configuration.group:
            table.add_section()
        group = summary.configuration.group
        style = "bold red" if summary.marks else ""
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
    if benchmark.restricted:
        console.print(_PART, soft_wrap=True)
    for line in _not_measured(benchmark):
        console.print(f"not measured: {line}", style="yellow", soft_wrap=True)
    known = benchmark.environment
    packages = [f"{name} {version}" for name, version in known["packages"].items() if version]
    console.print(
        f"{_machine(known)}; {_used(benchmark)}{known['os']}, {known['libc']}, "
        f"Python {known['python']}, {', '.join(packages)}",
        soft_wrap=True,
    )
    for warning in benchmark.warnings:
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)


def _title(benchmark: Benchmark, summary: Summary) -> str:
    mark = "".join(f"; {mark}" for mark in summary.marks)
    group = f" ({summary.configuration.group})" if benchmark.several_groups else ""
    return summary.configuration.title + _default_precision(summary) + group + mark


def _default_precision(summary: Summary) -> str:
    """Return what the default precision of a peer turned out to be."""
    if summary.configuration.precision != DEFAULT_PRECISION:
        return ""
    return f": {summary.arithmetic.get('precision') or 'unknown'}"


def _machine(environment: Mapping[str, Any]) -> str:
    """Return the number and model of the processors, with the widest instructions they have."""
    numbers = [
        f"{name} {environment[key]}"
        for name, key in (("family", "cpu_family"), ("model", "cpu_model"))
        if environment.get(key)
    ]
    flags = environment.get("cpu_flags", ())
    has = [name for flag, name in _EXTENSIONS.items() if flag in flags]
    details = ", ".join([*numbers, *has])
    return f"{environment['processors']} cores of {environment['cpu']}" + (
        f" ({details})" if details else ""
    )


def _used(benchmark: Benchmark) -> str:
    """Return which instruction sets, or devices, the configurations used."""
    by_set: dict[str, list[str]] = {}
    for summary in benchmark.summaries:
        used = summary.arithmetic.get("instruction_set", "")
        names = by_set.setdefault(used.lower(), [])
        if used and summary.configuration.short_title not in names:
            names.append(summary.configuration.short_title)
    parts = [f"{', '.join(names)} used {used}" for used, names in by_set.items() if names]
    return "; ".join(parts) + "; " if parts else ""


def _cells(summary: Summary) -> list[str]:
    """Return the cells under `_HEADINGS`: seconds, gigabytes and the two ratios."""
    total = summary.total
    spread = f" ({_number(total.lowest)} - {_number(total.highest)})" if total else ""
    return [
        _median(summary.start),
        *(_median(summary.stages.get(stage)) for stage in STAGES),
        _median(total) + spread,
        _median(summary.warm),
        _NOT_MEASURED if summary.peak_bytes is None else f"{summary.peak_bytes / 1e9:.2f} GB",
        *(
            _NOT_MEASURED if ratio is None else f"{ratio:.1f}x"
            for ratio in (summary.ratio, summary.ratio_tuned)
        ),
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
    machine = _machine(known) + (f", torch {torch}" if torch else "")
    lines += [
        _wrapped(
            f"{benchmark.workload}; {_rounds(benchmark)}. Seconds from file to probabilities, on "
            f"{machine}. The speed-ups are over eager PyTorch, as the book runs it and tuned:"
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
    """Yield sentences about the machine, what was found, and what was not measured."""
    used = _used(benchmark)
    if used:
        yield f"Instruction sets: {used[:-2]}."
    if benchmark.restricted:
        yield _PART
    for warning in benchmark.warnings:
        yield f"**{warning[0].upper()}{warning[1:]}.**"
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
