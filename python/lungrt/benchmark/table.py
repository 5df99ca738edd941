"""A benchmark on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from lungrt.benchmark import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from lungrt.benchmark.document import Benchmark
    from lungrt.benchmark.summary import Summary

__all__ = ["print_benchmark"]


def print_benchmark(console: Console, benchmark: Benchmark) -> None:
    """Print tables, what differs, what is missing, and the machine."""
    console.print(f"{benchmark.workload}; {wording.rounds(benchmark)}", soft_wrap=True)
    title = "One CT: seconds; ratio to eager PyTorch as the book runs it"
    console.print(_table(benchmark, title, wording.STAGE_HEADINGS, wording.stage_cells))
    title = "Start and rates: seconds on a small CT, milliseconds of the networks alone"
    console.print(_table(benchmark, title, wording.RATE_HEADINGS, wording.rate_cells))
    for summary in benchmark.summaries:
        comparison = summary.record.comparison
        if comparison and comparison.baseline != summary.record.contender.key:
            style = "" if comparison.same_decisions else "bold red"
            console.print(
                f"{summary.record.contender.key} against {comparison.baseline}: "
                f"{comparison.in_words()}",
                style=style,
                soft_wrap=True,
            )
    for line in wording.not_compared(benchmark):
        console.print(f"not compared: {line}", style="yellow", soft_wrap=True)
    console.print(wording.machine(benchmark), soft_wrap=True)
    for warning in benchmark.warnings:
        console.print(f"warning: {warning}", style="yellow", soft_wrap=True)


def _table(
    benchmark: Benchmark,
    title: str,
    headings: Sequence[str],
    cells: Callable[[Summary], list[str]],
) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    for heading in headings:
        table.add_column(heading, justify="right")
    grouped = wording.groups(benchmark)
    for group, summaries in grouped.items():
        if len(grouped) > 1:
            table.add_row(group, style="bold")
        for number, summary in enumerate(summaries, start=1):
            table.add_row(summary.title, *cells(summary), end_section=number == len(summaries))
    return table
