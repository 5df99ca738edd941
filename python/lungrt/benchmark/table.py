"""Tables of a benchmark on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from lungrt.benchmark import labels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from lungrt.benchmark.document import Benchmark
    from lungrt.benchmark.summary import Summary

__all__ = ["print_benchmark"]


def print_benchmark(console: Console, benchmark: Benchmark) -> None:
    """Print the tables, differing results, what was not measured, and the machine."""
    console.print(f"{benchmark.workload}; {labels.rounds(benchmark)}", soft_wrap=True)
    title = "Seconds for one CT, and speed-up over eager PyTorch as the book runs it"
    console.print(_table(benchmark, title, labels.STAGE_HEADINGS, labels.stage_cells))
    title = "Seconds for a small CT from the start of the process, and ms for the networks alone"
    console.print(_table(benchmark, title, labels.RATE_HEADINGS, labels.rate_cells))
    for summary in benchmark.summaries:
        comparison = summary.record.comparison
        if comparison and comparison.baseline != summary.record.configuration.key:
            style = "" if comparison.same_decisions else "bold red"
            console.print(
                f"{summary.record.configuration.key} compared with {comparison.baseline}: "
                f"{comparison.describe()}",
                style=style,
                soft_wrap=True,
            )
    for line in labels.not_measured(benchmark):
        console.print(f"not measured: {line}", style="yellow", soft_wrap=True)
    console.print(labels.machine(benchmark), soft_wrap=True)
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
    grouped = labels.groups(benchmark)
    for group, summaries in grouped.items():
        if len(grouped) > 1:
            table.add_row(group, style="bold")
        for number, summary in enumerate(summaries, start=1):
            table.add_row(summary.title, *cells(summary), end_section=number == len(summaries))
    return table
