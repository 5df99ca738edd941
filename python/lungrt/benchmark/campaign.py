"""The rounds of a benchmark: every contender in turn, one that fails loses nobody's results."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.benchmark.contender import BOOK
from lungrt.benchmark.launch import MeasurementFailed, measure_command, measure_task
from lungrt.benchmark.outputs import Comparison, Thresholds, compare_arrays, compare_outputs
from lungrt.benchmark.results import Outputs, Result, Whole
from lungrt.benchmark.task import KINDS, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lungrt.benchmark.contender import Contender
    from lungrt.benchmark.results import Index
    from lungrt.benchmark.workload import Workload

__all__ = ["COMMAND", "Failure", "Measurement", "Record", "Settings", "run_campaign"]

COMMAND = "command"  # the library's own command on the small CT, timed from outside


@dataclass(frozen=True)
class Settings:
    """How a benchmark is run.

    Attributes
    ----------
    bundle : pathlib.Path
    checkpoints : mapping of str to sequence of str
        By stage, for the eager contenders; empty for the bundle's weights.
    rounds : int
        Processes a contender and kind of measurement.
    runs : int
        CTs a process, one after another: the first, and those that find everything warm.
    limit_s : float
        Longest that one measurement may take, seconds.
    """

    bundle: Path
    checkpoints: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rounds: int = 3
    runs: int = 2
    limit_s: float = 3600.0


@dataclass(frozen=True)
class Measurement:
    """What one process measured; seconds of the whole process for `COMMAND`."""

    kind: str
    round: int
    result: Result | float


@dataclass(frozen=True)
class Failure:
    """A measurement that failed."""

    kind: str
    round: int
    message: str


@dataclass
class Record:
    """A contender and all that is known of it when the rounds are over.

    Attributes
    ----------
    contender : Contender
    arrays : pathlib.Path
        Where its networks' results lie while the benchmark runs.
    measurements : list of Measurement
    failure : Failure or None
        The first; a contender that failed is not measured again.
    comparison : Comparison or None
        With its group's baseline; the worst of all rounds.
    """

    contender: Contender
    arrays: Path
    measurements: list[Measurement] = field(default_factory=list)
    failure: Failure | None = None
    comparison: Comparison | None = None

    @property
    def outputs(self) -> list[Outputs]:
        """What it decided, once a round."""
        return [m.result.outputs for m in self.measurements if isinstance(m.result, Whole)]

    @property
    def shape(self) -> Index | None:
        """Slices, rows and columns of the CT; None where it was never diagnosed."""
        shapes = [m.result.shape for m in self.measurements if isinstance(m.result, Whole)]
        return shapes[0] if shapes else None


def run_campaign(
    contenders: Sequence[Contender],
    workload: Workload,
    settings: Settings,
    thresholds: Thresholds,
    folder: Path,
    progress: Callable[[int, int, str], None],
) -> list[Record]:
    """Measure all contenders in interleaved rounds, and compare what they decided.

    Kinds of measurement come one after another within a round, the quickest first, so that what
    cannot run is known before anything takes long. Each round begins with another contender. One
    of another profile than the book's is measured on the CT alone.

    Parameters
    ----------
    folder : pathlib.Path
        For temporary files.
    progress : callable
        Called before each measurement with how many are done, how many there are, and which
        comes.
    """
    records = [
        Record(contender, folder / f"{number}.npz") for number, contender in enumerate(contenders)
    ]
    kinds = (KINDS[0], COMMAND, *KINDS[1:])
    steps = [
        (number, kind, records[(place + number) % len(records)])
        for number in range(settings.rounds)
        for kind in kinds
        for place in range(len(records))
    ]
    for done, (number, kind, record) in enumerate(steps):
        if record.failure or not _applies(kind, record.contender):
            continue
        text = f"round {number + 1} of {settings.rounds}, {kind}: {record.contender.key}"
        progress(done, len(steps), text)
        try:
            result = _measure(record, kind, number, workload, settings, folder)
        except MeasurementFailed as error:
            record.failure = Failure(kind, number, str(error))
        else:
            record.measurements.append(Measurement(kind, number, result))
    progress(len(steps), len(steps), "done")
    _compare(records, thresholds)
    return records


def _applies(kind: str, contender: Contender) -> bool:
    """Whether a contender is measured in this way."""
    if contender.profile != BOOK:
        # Networks and start are those of the book's profile, and the small CT has no lungs.
        return kind == "whole"
    return kind != COMMAND or not contender.is_eager


def _measure(
    record: Record, kind: str, number: int, workload: Workload, settings: Settings, folder: Path
) -> Result | float:
    contender = record.contender
    if kind == COMMAND:
        arguments = [
            *("diagnose", str(workload.small), "--bundle", str(settings.bundle)),
            *("--engine", contender.name, "--device", contender.device),
            *("--precision", contender.precision, "--profile", contender.profile),
            *("--threads", str(contender.threads), "--no-progress"),
        ]
        for option in contender.options.items():
            arguments += ["--engine-option", "=".join(option)]
        return measure_command(contender, arguments, settings.limit_s)
    cold = kind == "cold"
    task = Task(
        kind=kind,
        bundle=str(settings.bundle),
        ct=str(workload.small if cold else workload.ct),
        started=0.0,
        result="",
        name=contender.name,
        device=contender.device,
        threads=contender.threads,
        options=dict(contender.options),
        precision=contender.precision,
        profile=contender.profile,
        series=None if cold else workload.series,
        places=0 if cold else workload.places,
        runs=settings.runs,
        checkpoints={stage: list(paths) for stage, paths in settings.checkpoints.items()},
    )
    if kind == "network" and number == 0:
        task = replace(task, arrays=str(record.arrays))
    return measure_task(contender, task, folder, settings.limit_s)


def _compare(records: Sequence[Record], thresholds: Thresholds) -> None:
    for record in records:
        baseline = _baseline(record, records)
        if baseline is None or not record.outputs:
            continue
        found = [
            compare_outputs(ours, baseline.outputs[0], baseline.contender.key, thresholds)
            for ours in record.outputs
        ]
        worst = max(found, key=_badness)
        if record.arrays.exists() and baseline.arrays.exists():
            worst = compare_arrays(worst, record.arrays, baseline.arrays, thresholds)
        record.comparison = worst


def _badness(found: Comparison) -> tuple[int, int, int, float]:
    largest = found.largest_difference
    return (
        found.differing_candidates,
        found.differing_decisions,
        found.differing_mask_voxels,
        math.inf if math.isnan(largest) else largest,
    )


def _baseline(record: Record, records: Sequence[Record]) -> Record | None:
    """Return the first of its group that decided anything, or else the first of all: eager.

    One that looks everywhere comes before any that looks at a region: it has what they lack.
    """
    able = [other for other in records if other.outputs]
    able = [other for other in able if not other.outputs[0].restricted] or able
    group = [other for other in able if other.contender.group == record.contender.group]
    return next(iter(group or able), None)
