"""Result of a benchmark, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lungrt.benchmark.results import Cold, Network, Whole
from lungrt.benchmark.run import COMMAND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lungrt.benchmark.plan import Skipped
    from lungrt.benchmark.run import Measurement, Record
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
    """Result of a benchmark.

    Attributes
    ----------
    created : str
        Time of the benchmark, ISO 8601 in UTC.
    environment : dict
        See `lungrt.benchmark.environment`.
    workload : str
        Name and size of the CT.
    rounds, runs : int
        Number of rounds, and how often each process diagnosed the CT.
    summaries : sequence of Summary
        One for each configuration, by group, the baseline of each group first.
    skipped : sequence of Skipped
        What was not measured, and why.
    warnings : sequence of str
        Warnings about the machine.
    """

    created: str
    environment: Mapping[str, Any]
    workload: str
    rounds: int
    runs: int
    summaries: Sequence[Summary]
    skipped: Sequence[Skipped]
    warnings: Sequence[str]

    def to_json(self) -> str:
        """Return all measurements and summaries as JSON text; NaN and infinity become null."""
        document = {
            "format_version": FORMAT_VERSION,
            "created": self.created,
            "environment": dict(self.environment),
            "workload": self.workload,
            "rounds": self.rounds,
            "runs": self.runs,
            "contenders": [_configuration(summary) for summary in self.summaries],
            "not_compared": [asdict(skipped) for skipped in self.skipped],
            "warnings": list(self.warnings),
        }
        return json.dumps(_finite(document), indent=1, allow_nan=False) + "\n"

    def to_csv(self) -> str:
        """Return CSV text with one line for each measured number."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for summary in self.summaries:
            writer.writerows(_lines(summary.record))
        return text.getvalue()


def _finite(value: Any) -> Any:
    """Return a copy in which NaN and infinity, which JSON does not have, are None."""
    if isinstance(value, dict):
        return {name: _finite(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value if not isinstance(value, float) or math.isfinite(value) else None


def _configuration(summary: Summary) -> dict[str, Any]:
    record = summary.record
    configuration = record.configuration
    numbers = {
        name: getattr(summary, name)
        for name in ("start", "total", "warm", "cold_first", "cold", "warm_small", "command")
    }
    return {
        "name": configuration.name,
        "title": configuration.title,
        "device": configuration.device,
        "threads": configuration.threads,
        "options": dict(configuration.options),
        "precision": configuration.precision,
        "profile": configuration.profile,
        "environment": configuration.settings,
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
    content.pop("outputs", None)  # the outputs of the first round are stored with the configuration
    return {"kind": measurement.kind, "round": measurement.round, **content}


def _lines(record: Record) -> Iterator[tuple[object, ...]]:
    configuration = record.configuration
    options = ",".join(f"{name}={value}" for name, value in configuration.options.items())
    who = (
        *(
            configuration.key,
            configuration.name,
            options,
            configuration.precision,
            configuration.profile,
        ),
        *(configuration.device, configuration.threads),
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
        assert measurement.kind == COMMAND, "only the command's result is a plain number"
        yield 0, "process", result, "s"
