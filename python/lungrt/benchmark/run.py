"""Run of a benchmark: all configurations in rounds, going on if one of them fails."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.benchmark.configuration import BOOK
from lungrt.benchmark.launch import MeasurementFailed, measure_command, measure_task
from lungrt.benchmark.outputs import Comparison, Thresholds, compare_arrays, compare_outputs
from lungrt.benchmark.results import Outputs, Result, Whole
from lungrt.benchmark.task import KINDS, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lungrt.benchmark.configuration import Configuration
    from lungrt.benchmark.results import Index
    from lungrt.benchmark.workload import Workload

__all__ = ["COMMAND", "Failure", "Measurement", "Record", "Settings", "run_benchmark"]

COMMAND = "command"  # `lungrt diagnose` on the small CT, timed by the process that starts it


@dataclass(frozen=True)
class Settings:
    """How a benchmark is run.

    Attributes
    ----------
    bundle : pathlib.Path
        Folder of the bundle.
    checkpoints : mapping of str to sequence of str
        Checkpoints by stage, for eager PyTorch; empty means the bundle's weights.
    rounds : int
        Number of rounds; each starts a process for each configuration and kind of measurement.
    runs : int
        How often a process diagnoses the CT: the first time, and then with everything warm.
    limit_s : float
        Time limit of a measurement, in seconds.
    """

    bundle: Path
    checkpoints: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rounds: int = 3
    runs: int = 2
    limit_s: float = 3600.0


@dataclass(frozen=True)
class Measurement:
    """Result of one process; for `COMMAND`, the seconds of the whole process."""

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
    """Configuration with its measurements.

    Attributes
    ----------
    configuration : Configuration
        The configuration.
    arrays : pathlib.Path
        Temporary file for the outputs of its networks.
    measurements : list of Measurement
        Its measurements, in the order in which they were made.
    failure : Failure or None
        Its first failure, after which it is not measured again.
    comparison : Comparison or None
        Comparison with its group's baseline; the worst of all rounds.
    """

    configuration: Configuration
    arrays: Path
    measurements: list[Measurement] = field(default_factory=list)
    failure: Failure | None = None
    comparison: Comparison | None = None

    @property
    def outputs(self) -> list[Outputs]:
        """Candidates and probabilities that it found, one for each round."""
        return [m.result.outputs for m in self.measurements if isinstance(m.result, Whole)]

    @property
    def shape(self) -> Index | None:
        """Slices, rows and columns of the CT; None if it was never diagnosed."""
        shapes = [m.result.shape for m in self.measurements if isinstance(m.result, Whole)]
        return shapes[0] if shapes else None


def run_benchmark(
    configurations: Sequence[Configuration],
    workload: Workload,
    settings: Settings,
    thresholds: Thresholds,
    folder: Path,
    progress: Callable[[int, int, str], None],
) -> list[Record]:
    """Measure all configurations in interleaved rounds, and compare their results.

    Within a round, the kinds of measurement follow one another, the quickest first, so that a
    configuration that cannot run fails early. Each round begins with another configuration.
    Configurations of other profiles than the book's are measured only on the large CT.

    Parameters
    ----------
    configurations : sequence of Configuration
        What to measure.
    workload : Workload
        The CTs.
    settings : Settings
        Bundle, rounds and limits.
    thresholds : Thresholds
        Thresholds of the bundle, by which decisions are compared.
    folder : pathlib.Path
        Folder for temporary files.
    progress : callable
        Called before each measurement with the number of finished measurements, the number of all,
        and a description of the next.

    Returns
    -------
    list of Record
        One for each configuration, in their order.
    """
    records = [
        Record(configuration, folder / f"{number}.npz")
        for number, configuration in enumerate(configurations)
    ]
    kinds = (KINDS[0], COMMAND, *KINDS[1:])
    steps = [
        (number, kind, records[(place + number) % len(records)])
        for number in range(settings.rounds)
        for kind in kinds
        for place in range(len(records))
    ]
    for done, (number, kind, record) in enumerate(steps):
        if record.failure or not _applies(kind, record.configuration):
            continue
        text = f"round {number + 1} of {settings.rounds}, {kind}: {record.configuration.key}"
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


def _applies(kind: str, configuration: Configuration) -> bool:
    """Return whether a kind of measurement is made for a configuration."""
    if configuration.profile != BOOK:
        # Its networks and start are the same as with the book's profile, and the small CT has no
        # lungs.
        return kind == "whole"
    return kind != COMMAND or not configuration.is_eager


def _measure(
    record: Record, kind: str, number: int, workload: Workload, settings: Settings, folder: Path
) -> Result | float:
    configuration = record.configuration
    if kind == COMMAND:
        arguments = [
            *("diagnose", str(workload.small), "--bundle", str(settings.bundle)),
            *("--engine", configuration.name, "--device", configuration.device),
            *("--precision", configuration.precision, "--profile", configuration.profile),
            *("--threads", str(configuration.threads), "--no-progress"),
        ]
        for option in configuration.options.items():
            arguments += ["--engine-option", "=".join(option)]
        return measure_command(configuration, arguments, settings.limit_s)
    cold = kind == "cold"
    task = Task(
        kind=kind,
        bundle=str(settings.bundle),
        ct=str(workload.small if cold else workload.ct),
        started=0.0,
        result="",
        name=configuration.name,
        device=configuration.device,
        threads=configuration.threads,
        options=dict(configuration.options),
        precision=configuration.precision,
        profile=configuration.profile,
        series=None if cold else workload.series,
        places=0 if cold else workload.places,
        runs=settings.runs,
        checkpoints={stage: list(paths) for stage, paths in settings.checkpoints.items()},
    )
    if kind == "network" and number == 0:
        task = replace(task, arrays=str(record.arrays))
    return measure_task(configuration, task, folder, settings.limit_s)


def _compare(records: Sequence[Record], thresholds: Thresholds) -> None:
    for record in records:
        baseline = _baseline(record, records)
        if baseline is None or not record.outputs:
            continue
        found = [
            compare_outputs(ours, baseline.outputs[0], baseline.configuration.key, thresholds)
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
    """Return the first of its group that has results, or else the first of all.

    Configurations that searched the whole volume are preferred, because they have all candidates.
    """
    able = [other for other in records if other.outputs]
    able = [other for other in able if not other.outputs[0].restricted] or able
    group = [other for other in able if other.configuration.group == record.configuration.group]
    return next(iter(group or able), None)
