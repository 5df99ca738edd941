"""Headings, cells and sentences shared by the tables on the terminal and in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt.benchmark.results import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lungrt.benchmark.document import Benchmark
    from lungrt.benchmark.spread import Spread
    from lungrt.benchmark.summary import Summary

__all__ = [
    "RATE_HEADINGS",
    "STAGE_HEADINGS",
    "groups",
    "machine",
    "not_measured",
    "rate_cells",
    "rounds",
    "same_decisions",
    "stage_cells",
]

STAGE_HEADINGS = (*STAGES, "total (min - max)", "later CTs", "peak memory", "speed-up")
RATE_HEADINGS = (
    "start-up",
    "first cold run",
    "later cold runs",
    "warm run",
    "whole command",
    "ms per slice",
    "ms per crop",
)
_NOT_MEASURED = "-"


def groups(benchmark: Benchmark) -> dict[str, list[Summary]]:
    """Return the summaries by group: device and number of threads."""
    found: dict[str, list[Summary]] = {}
    for summary in benchmark.summaries:
        found.setdefault(summary.record.configuration.group, []).append(summary)
    return found


def stage_cells(summary: Summary) -> list[str]:
    """Return the cells under `STAGE_HEADINGS`: seconds, gigabytes and the speed-up."""
    total = summary.total
    spread = f" ({_number(total.lowest)} - {_number(total.highest)})" if total else ""
    return [
        *(_median(summary.stages.get(stage)) for stage in STAGES),
        _median(total) + spread,
        _median(summary.warm),
        _NOT_MEASURED if summary.peak_bytes is None else f"{summary.peak_bytes / 1e9:.2f} GB",
        _NOT_MEASURED if summary.ratio is None else f"{summary.ratio:.1f}x",
    ]


def rate_cells(summary: Summary) -> list[str]:
    """Return the cells under `RATE_HEADINGS`: seconds, then milliseconds."""
    return [
        _median(spread)
        for spread in (
            summary.start,
            summary.cold_first,
            summary.cold,
            summary.warm_small,
            summary.command,
            summary.slice_ms,
            summary.crop_ms,
        )
    ]


def _median(spread: Spread | None) -> str:
    return _NOT_MEASURED if spread is None else _number(spread.median)


def _number(value: float) -> str:
    """Return a number with about three significant digits."""
    for limit, digits in ((0.1, 3), (10, 2), (100, 1)):
        if abs(value) < limit:
            return f"{value:.{digits}f}"
    return f"{value:.0f}"


def rounds(benchmark: Benchmark) -> str:
    """Return how it was measured, as part of a sentence."""
    several = "1 round" if benchmark.rounds == 1 else f"{benchmark.rounds} interleaved rounds"
    return f"medians of {several}, each measurement in a new process"


def machine(benchmark: Benchmark) -> str:
    """Return the machine and software in one line."""
    known = benchmark.environment
    packages = [f"{name} {version}" for name, version in known["packages"].items() if version]
    return (
        f"{known['cpu']}, {known['processors']} processors, {known['os']}, {known['libc']}, "
        f"Python {known['python']}, {', '.join(packages)}"
    )


def same_decisions(benchmark: Benchmark) -> bool:
    """Return whether all configurations decided the same, each in the region that it searched."""
    found = [summary.record.comparison for summary in benchmark.summaries]
    return all(comparison.same_decisions for comparison in found if comparison)


def not_measured(benchmark: Benchmark) -> Iterator[str]:
    """Yield a line for each configuration that failed, and then for all that were not measured."""
    for summary in benchmark.summaries:
        failure = summary.record.failure
        if failure:
            where = f"{failure.kind}, round {failure.round + 1}"
            yield f"{summary.record.configuration.key} ({where}): {failure.message}"
    for skipped in benchmark.skipped:
        yield f"{skipped.what}: {skipped.why}"
