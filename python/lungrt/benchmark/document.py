"""A finished benchmark, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lungrt.benchmark.campaign import COMMAND
from lungrt.benchmark.results import Cold, Network, Whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lungrt.benchmark.campaign import Measurement, Record
    from lungrt.benchmark.plan import Absent
    from lungrt.benchmark.summary import Summary

__all__ = ["CSV_COLUMNS", "Benchmark"]

FORMAT_VERSION = 1
CSV_COLUMNS = (
    "contender",
    "engine",
    "options",
    "precision",
    "profile",
    "device",
    "threads",
    "measurement",
    "round",
    "run",
    "quantity",
    "value",
    "unit",
)

Row = tuple[int, str, float, str]  # run, quantity, value, unit


@dataclass(frozen=True)
class Benchmark:
    """All that a benchmark found.

    Attributes
    ----------
    created : str
        When, as ISO 8601 in UTC.
    environment : dict
        See `lungrt.benchmark.environment`.
    workload : str
        What was diagnosed.
    rounds, runs : int
        Processes, and CTs a process.
    summaries : sequence of Summary
        One a contender, groups together, the baseline first.
    absent : sequence of Absent
        What could not be compared, and why.
    warnings : sequence of str
    """

    created: str
    environment: Mapping[str, Any]
    workload: str
    rounds: int
    runs: int
    summaries: Sequence[Summary]
    absent: Sequence[Absent]
    warnings: Sequence[str]

    def to_json(self) -> str:
        """Every measurement, and what was made of them; numbers that are none are null."""
        document = {
            "format_version": FORMAT_VERSION,
            "created": self.created,
            "environment": dict(self.environment),
            "workload": self.workload,
            "rounds": self.rounds,
            "runs": self.runs,
            "contenders": [_contender(summary) for summary in self.summaries],
            "not_compared": [asdict(absent) for absent in self.absent],
            "warnings": list(self.warnings),
        }
        return json.dumps(_finite(document), indent=1, allow_nan=False) + "\n"

    def to_csv(self) -> str:
        """Every measured number in a line of its own."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for summary in self.summaries:
            writer.writerows(_lines(summary.record))
        return text.getvalue()


def _finite(value: Any) -> Any:
    """Return a copy with null for what JSON has no number for."""
    if isinstance(value, dict):
        return {name: _finite(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value if not isinstance(value, float) or math.isfinite(value) else None


def _contender(summary: Summary) -> dict[str, Any]:
    record = summary.record
    contender = record.contender
    numbers = {
        name: getattr(summary, name)
        for name in ("start", "total", "warm", "cold_first", "cold", "warm_small", "command")
    }
    return {
        "name": contender.name,
        "title": contender.title,
        "device": contender.device,
        "threads": contender.threads,
        "options": dict(contender.options),
        "precision": contender.precision,
        "profile": contender.profile,
        "environment": contender.settings,
        "summary": {
            "seconds": {
                **{stage: asdict(spread) for stage, spread in summary.stages.items()},
                **{name: spread and asdict(spread) for name, spread in numbers.items()},
            },
            "ms_a_slice": summary.slice_ms and asdict(summary.slice_ms),
            "ms_a_crop": summary.crop_ms and asdict(summary.crop_ms),
            "peak_bytes": summary.peak_bytes,
            "peak_bytes_warm": summary.peak_bytes_warm,
            "ratio": summary.ratio,
        },
        "comparison": record.comparison and asdict(record.comparison),
        "outputs": asdict(record.outputs[0]) if record.outputs else None,
        "failure": record.failure and asdict(record.failure),
        "measurements": [_raw(measurement) for measurement in record.measurements],
    }


def _raw(measurement: Measurement) -> dict[str, Any]:
    result = measurement.result
    content = {"seconds": result} if isinstance(result, float) else asdict(result)
    content.pop("outputs", None)  # those of the first round stand with the contender
    return {"kind": measurement.kind, "round": measurement.round, **content}


def _lines(record: Record) -> Iterator[tuple[object, ...]]:
    contender = record.contender
    options = ",".join(f"{name}={value}" for name, value in contender.options.items())
    who = (
        *(contender.key, contender.name, options, contender.precision, contender.profile),
        *(contender.device, contender.threads),
    )
    for measurement in record.measurements:
        for row in _rows(measurement):
            yield (*who, measurement.kind, measurement.round, *row)


def _rows(measurement: Measurement) -> Iterator[Row]:
    result = measurement.result
    if isinstance(result, Whole):
        yield 0, "start", result.start, "s"
        for number, run in enumerate(result.runs):
            for quantity, value in asdict(run).items():
                yield number, quantity, value, "s"
            yield number, "peak_memory", result.peak_bytes[number], "B"
    elif isinstance(result, Cold):
        yield 0, "start", result.start, "s"
        yield 0, "first_result", result.first, "s"
        yield 1, "total", result.again, "s"
    elif isinstance(result, Network):
        for quantity, values in (("slice", result.slice_ms), ("crop", result.crop_ms)):
            for number, value in enumerate(values):
                yield number, quantity, value, "ms"
    else:
        assert measurement.kind == COMMAND, "a plain number is what the command took"
        yield 0, "process", result, "s"
