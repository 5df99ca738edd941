"""Summary of a benchmark: medians of the rounds, also as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lungrt.benchmark.contention import LARGEST_SHARE, Contention
from lungrt.benchmark.measure import STAGES
from lungrt.benchmark.plan import BOOK, EAGER, EAGER_TUNED
from lungrt.json_text import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lungrt.benchmark.plan import Configuration, Skipped
    from lungrt.benchmark.run import Record

__all__ = [
    "CONTENDED",
    "CSV_COLUMNS",
    "DIFFERENT",
    "Benchmark",
    "Spread",
    "Summary",
    "summarize",
]

CONTENDED = "CONTENDED"  # mark of a configuration that other programs disturbed
DIFFERENT = "DECIDES DIFFERENTLY"  # mark of a configuration whose decisions are not the baseline's
FORMAT_VERSION = 1
_BASELINES = (EAGER, EAGER_TUNED)
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
    ratio, ratio_tuned : float or None
        Speed-ups: median `total` of eager PyTorch, as the book runs it and tuned, in the same
        group, divided by the median `total` of this configuration.
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
    ratio_tuned: float | None
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

    @property
    def contended(self) -> int:
        """Number of its measurements that other programs disturbed."""
        return sum(one.contended for one in self.record.measurements)

    @property
    def marks(self) -> list[str]:
        """What every table and chart must say of it besides its title."""
        marks = [DIFFERENT] if self.differs else []
        if self.contended:
            marks.append(f"{CONTENDED} IN {self.contended} OF {len(self.record.measurements)}")
        return marks

    @property
    def arithmetic(self) -> Mapping[str, str]:
        """What computed its networks; empty if it was not measured."""
        return self.record.measurements[0].arithmetic if self.record.measurements else {}


def summarize(records: Sequence[Record]) -> list[Summary]:
    """Return a summary of each record, in their order."""
    baselines = {
        (record.configuration.group, record.configuration.name): Spread.of(_first(record, "total"))
        for record in records
        if record.configuration.is_eager
    }
    return [
        _summary(record, *(baselines.get((record.configuration.group, n)) for n in _BASELINES))
        for record in records
    ]


def _first(record: Record, quantity: str) -> list[float]:
    return [measurement.runs[0][quantity] for measurement in record.measurements]


def _summary(record: Record, book: Spread | None, tuned: Spread | None) -> Summary:
    measured = record.measurements
    total = Spread.of(_first(record, "total"))
    stages = {stage: Spread.of(_first(record, stage)) for stage in STAGES}
    return Summary(
        record=record,
        start=Spread.of(measurement.start for measurement in measured),
        stages={stage: spread for stage, spread in stages.items() if spread},
        total=total,
        warm=Spread.of(run["total"] for one in measured for run in one.runs[1:]),
        ratio=book.median / total.median if book and total else None,
        ratio_tuned=tuned.median / total.median if tuned and total else None,
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
    idle : Contention or None
        What other programs took before the first measurement.
    allow_contention : bool
        Whether measurements that other programs disturbed were kept.
    """

    created: str
    environment: Mapping[str, Any]
    ct: str
    rounds: int
    runs: int
    summaries: Sequence[Summary]
    skipped: Sequence[Skipped]
    idle: Contention | None = None
    allow_contention: bool = False

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
        """Warnings about the machine; without them, it was idle but for the benchmark."""
        measured = [one for s in self.summaries for one in s.record.measurements]
        worst = max(
            (one.contention for one in measured if one.contention and one.contended),
            key=lambda contention: contention.share or 0.0,
            default=None,
        )
        found = []
        if self.idle is not None and self.idle.contended:
            found.append(f"before the first measurement others took {self.idle.describe()}")
        if worst is not None:
            count = sum(one.contended for one in measured)
            found.append(
                f"{CONTENDED}: other programs disturbed {count} of {len(measured)} measurements "
                f"and took up to {worst.describe()}; their times are too long, and ratios to them "
                "are wrong"
            )
        if any(one.contention and one.contention.share is None for one in measured):
            found.append(
                "this system does not tell what other programs take, so nobody knows whether they "
                "disturbed the measurements"
            )
        return found

    @property
    def restricted(self) -> bool:
        """Whether a configuration searched a part of the volume only."""
        return any(summary.configuration.profile != BOOK for summary in self.summaries)

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
                "contention": {
                    "largest_share": LARGEST_SHARE,
                    "allowed": self.allow_contention,
                    "before": self.idle and asdict(self.idle),
                },
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
                if one.contention and one.contention.share is not None:
                    rows.append((0, "share_of_others", one.contention.share, "1"))
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
            "ratio_tuned": summary.ratio_tuned,
            "contended": summary.contended,
        },
        "arithmetic": dict(summary.arithmetic),
        "comparison": record.agreement and asdict(record.agreement),
        # The outputs of later rounds are compared, but not stored.
        "outputs": record.measurements[0].outputs if record.measurements else None,
        "failure": record.failure and asdict(record.failure),
        "measurements": [
            {
                "round": one.round,
                "start": one.start,
                "runs": one.runs,
                "contended": one.contended,
                "contention": one.contention and asdict(one.contention),
            }
            for one in record.measurements
        ],
    }
