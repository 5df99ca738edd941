"""The words and cells that the table on the screen and the one in a README share."""

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
    "not_compared",
    "rate_cells",
    "rounds",
    "same_decisions",
    "stage_cells",
]

STAGE_HEADINGS = (*STAGES, "total (min - max)", "next CT", "peak memory", "ratio")
RATE_HEADINGS = (
    "start",
    "cold, first",
    "cold, again",
    "warm",
    "diagnose",
    "ms a slice",
    "ms a crop",
)
_ABSENT = "-"


def groups(benchmark: Benchmark) -> dict[str, list[Summary]]:
    """Contenders by device and threads."""
    found: dict[str, list[Summary]] = {}
    for summary in benchmark.summaries:
        found.setdefault(summary.record.contender.group, []).append(summary)
    return found


def stage_cells(summary: Summary) -> list[str]:
    """Cells under `STAGE_HEADINGS`: seconds, gigabytes, and how many times faster."""
    total = summary.total
    spread = f" ({_number(total.lowest)} - {_number(total.highest)})" if total else ""
    return [
        *(_median(summary.stages.get(stage)) for stage in STAGES),
        _median(total) + spread,
        _median(summary.warm),
        _ABSENT if summary.peak_bytes is None else f"{summary.peak_bytes / 1e9:.2f} GB",
        _ABSENT if summary.ratio is None else f"{summary.ratio:.1f}x",
    ]


def rate_cells(summary: Summary) -> list[str]:
    """Cells under `RATE_HEADINGS`: seconds, then milliseconds."""
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
    return _ABSENT if spread is None else _number(spread.median)


def _number(value: float) -> str:
    """As many digits as are worth reading."""
    for limit, digits in ((0.1, 3), (10, 2), (100, 1)):
        if abs(value) < limit:
            return f"{value:.{digits}f}"
    return f"{value:.0f}"


def rounds(benchmark: Benchmark) -> str:
    """How it was measured."""
    several = "1 round" if benchmark.rounds == 1 else f"{benchmark.rounds} interleaved rounds"
    return f"medians of {several}, each measurement in a process of its own"


def machine(benchmark: Benchmark) -> str:
    """The environment in a line."""
    known = benchmark.environment
    packages = [f"{name} {version}" for name, version in known["packages"].items() if version]
    return (
        f"{known['cpu']}, {known['processors']} processors, {known['os']}, {known['libc']}, "
        f"Python {known['python']}, {', '.join(packages)}"
    )


def same_decisions(benchmark: Benchmark) -> bool:
    """Whether all that were compared decided the same, each on what it looks at."""
    found = [summary.record.comparison for summary in benchmark.summaries]
    return all(comparison.same_decisions for comparison in found if comparison)


def not_compared(benchmark: Benchmark) -> Iterator[str]:
    """Lines for what is missing, failures first."""
    for summary in benchmark.summaries:
        failure = summary.record.failure
        if failure:
            where = f"{failure.kind}, round {failure.round + 1}"
            yield f"{summary.record.contender.key} ({where}): {failure.message}"
    for absent in benchmark.absent:
        yield f"{absent.what}: {absent.why}"
