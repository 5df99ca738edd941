"""Summary of a benchmark: medians of the rounds, also as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lungrt.benchmark.environment import idle_warning
from lungrt.benchmark.measure import STAGES
from lungrt.benchmark.plan import EAGER
from lungrt.json_text import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lungrt.benchmark.plan import Configuration, Skipped
    from lungrt.benchmark.run import Record

__all__ = ["CSV_COLUMNS", "DIFFERENT", "Benchmark", "Spread", "Summary", "summarize"]

DIFFERENT = "DECIDES DIFFERENTLY"  # mark of a configuration whose decisions are not the baseline's
FORMAT_VERSION = 1
CSV_COLUMNS = (
    "contender",
    "engine",
    "options",
    "precision",
    "profile",
    "device",
    "threads",
    "round",
    "run",
    "quantity",
    "value",
    "unit",
)


@dataclass(frozen=True)
class Spread:
    """Median, lowest and highest of repeated measurements, and their number."""

    median: float
    lowest: float
    highest: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """Return the spread of values; None if there are none."""
        known = list(values)
        if not known:
            return None
        return cls(statistics.median(known), min(known), max(known), len(known))


@dataclass(frozen=True)
class Summary:
    """Times and memory of a configuration; None for what was not measured.

    Attributes
    ----------
    record : Record
        The configuration and its measurements.
    start : Spread or None
        Seconds from the start of a process until the networks are ready.
    stages : dict of str to Spread
        Seconds of read, segment, group and classify, for the first diagnosis in a process.
    total, warm : Spread or None
        Seconds from file to probabilities, for the first diagnosis in a process and for later ones.
    ratio : float or None
        Speed-up: median `total` of eager PyTorch as the book runs it, in the same group, divided by
        the median `total` of this configuration.
    peak_bytes, peak_bytes_warm : int or None
        Peak memory of a process after its first diagnosis and after all its diagnoses; the largest
        of all rounds.
    """

    record: Record
    start: Spread | None
    stages: dict[str, Spread]
    total: Spread | None
    warm: Spread | None
    ratio: float | None
    peak_bytes: int | None
    peak_bytes_warm: int | None

    @property
    def configuration(self) -> Configuration:
        """What was measured."""
        return self.record.configuration

    @property
    def differs(self) -> bool:
        """Whether it did not decide as the baseline did."""
        return self.record.agreement is not None and not self.record.agreement.same_decisions


def summarize(records: Sequence[Record]) -> list[Summary]:
    """Return a summary of each record, in their order."""
    baselines = {
        record.configuration.group: Spread.of(_first(record, "total"))
        for record in records
        if record.configuration.name == EAGER
    }
    return [_summary(record, baselines.get(record.configuration.group)) for record in records]


def _first(record: Record, quantity: str) -> list[float]:
    return [measurement.runs[0][quantity] for measurement in record.measurements]


def _summary(record: Record, baseline: Spread | None) -> Summary:
    measured = record.measurements
    total = Spread.of(_first(record, "total"))
    stages = {stage: Spread.of(_first(record, stage)) for stage in STAGES}
    return Summary(
        record=record,
        start=Spread.of(measurement.start for measurement in measured),
        stages={stage: spread for stage, spread in stages.items() if spread},
        total=total,
        warm=Spread.of(run["total"] for one in measured for run in one.runs[1:]),
        ratio=baseline.median / total.median if baseline and total else None,
        peak_bytes=max((int(one.runs[0]["peak_bytes"]) for one in measured), default=None),
        peak_bytes_warm=max((int(one.runs[-1]["peak_bytes"]) for one in measured), default=None),
    )


@dataclass(frozen=True)
class Benchmark:
    """Result of a benchmark.

    Attributes
    ----------
    created : str
        Time of the benchmark, ISO 8601 in UTC.
    environment : dict
        See `lungrt.benchmark.environment`.
    ct : str
        Name of the CT, without its folder.
    rounds, runs : int
        Number of rounds, and how often each process diagnosed the CT.
    summaries : sequence of Summary
        One for each configuration, by group, the baseline of each group first.
    skipped : sequence of Skipped
        What was not measured, and why.
    """

    created: str
    environment: Mapping[str, Any]
    ct: str
    rounds: int
    runs: int
    summaries: Sequence[Summary]
    skipped: Sequence[Skipped]

    @property
    def workload(self) -> str:
        """Name and size of the CT; without its size if no configuration could read it."""
        for summary in self.summaries:
            for one in summary.record.measurements:
                slices, rows, columns = one.outputs["shape"]
                return f"{self.ct}, {slices} slices of {rows} x {columns}"
        return self.ct

    @property
    def warnings(self) -> list[str]:
        """Warnings about the machine."""
        warning = idle_warning(self.environment)
        return [warning] if warning else []

    @property
    def several_groups(self) -> bool:
        """Whether there are several devices or numbers of threads, so that titles need them."""
        return len({summary.configuration.group for summary in self.summaries}) > 1

    def to_json(self) -> str:
        """Return all measurements and summaries as JSON text; NaN and infinity become null."""
        return json_text(
            {
                "format_version": FORMAT_VERSION,
                "created": self.created,
                "environment": dict(self.environment),
                "workload": self.workload,
                "rounds": self.rounds,
                "runs": self.runs,
                "contenders": [_contender(summary) for summary in self.summaries],
                "not_compared": [asdict(skipped) for skipped in self.skipped],
                "warnings": self.warnings,
            }
        )

    def to_csv(self) -> str:
        """Return CSV text with one line for each measured number."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for summary in self.summaries:
            what = summary.configuration
            options = ",".join(f"{name}={value}" for name, value in what.options.items())
            contender = (what.key, what.name, options, what.precision, what.profile)
            for one in summary.record.measurements:
                rows = [(0, "start", one.start, "s")]
                for number, run in enumerate(one.runs):
                    times = [(number, name, run[name], "s") for name in (*STAGES, "total")]
                    rows += [*times, (number, "peak_memory", run["peak_bytes"], "B")]
                writer.writerows(
                    (*contender, what.device, what.threads, one.round, *row) for row in rows
                )
        return text.getvalue()


def _contender(summary: Summary) -> dict[str, Any]:
    record, what = summary.record, summary.configuration
    times = {**summary.stages, "start": summary.start, "total": summary.total, "warm": summary.warm}
    return {
        **asdict(what),
        "title": what.title,
        "environment": what.variables,
        "summary": {
            "seconds": {name: spread and asdict(spread) for name, spread in times.items()},
            "peak_bytes": summary.peak_bytes,
            "peak_bytes_warm": summary.peak_bytes_warm,
            "ratio": summary.ratio,
        },
        "comparison": record.agreement and asdict(record.agreement),
        # The outputs of later rounds are compared, but not stored.
        "outputs": record.measurements[0].outputs if record.measurements else None,
        "failure": record.failure and asdict(record.failure),
        "measurements": [
            {"round": one.round, "start": one.start, "runs": one.runs}
            for one in record.measurements
        ],
    }
