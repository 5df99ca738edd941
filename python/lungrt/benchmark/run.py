"""Run of a benchmark: each measurement in a process of its own, in interleaved rounds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lungrt.benchmark.contention import Contention, contention_between, read_counters
from lungrt.benchmark.environment import TUNING_VARIABLES
from lungrt.benchmark.measure import FAILED, Task
from lungrt.benchmark.plan import OPENVINO
from lungrt.errors import DeviceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lungrt.benchmark.agreement import Agreement
    from lungrt.benchmark.plan import Configuration

__all__ = [
    "REPEATS",
    "Contended",
    "Failure",
    "Measurement",
    "MeasurementFailed",
    "Record",
    "measure",
    "run_benchmark",
]

ENGINE_MODULE = "lungrt.benchmark.engine"
EAGER_MODULE = "lungrt.benchmark.eager.child"
OPENVINO_MODULE = "lungrt.benchmark.eager.openvino_child"
LIMIT_S = 3600.0  # a process that takes longer is stopped
REPEATS = 2  # how often a measurement that other programs disturbed is made again


class MeasurementFailed(Exception):
    """A measuring process failed; the message says why."""


class Contended(DeviceUnavailable):
    """Other programs kept disturbing a measurement; the message says which, and how much."""


@dataclass(frozen=True)
class Measurement:
    """Result of one process.

    Attributes
    ----------
    round : int
        Number of the round, from 0.
    start : float
        Seconds from the start of the process until the networks were ready.
    runs : list of dict
        For each diagnosis of the CT in this process: seconds of ``read``, ``segment``, ``group``,
        ``classify`` and ``total``, and ``peak_bytes``, the largest resident memory so far. total
        lasts from before reading to the last probability; stages that overlap add up to more.
        segment includes finding the lungs, if only the lung field is searched.
    outputs : dict
        What the first diagnosis found; see `lungrt.benchmark.measure.Diagnosis`.
    arithmetic : dict of str to str
        What computed the networks; see `lungrt.benchmark.measure.Subject`.
    contention : Contention or None
        What other programs took from the process; None if it was not watched.
    """

    round: int
    start: float
    runs: list[dict[str, float]]
    outputs: Mapping[str, Any]
    arithmetic: Mapping[str, str] = field(default_factory=dict)
    contention: Contention | None = None

    @property
    def contended(self) -> bool:
        """Whether other programs disturbed it."""
        return self.contention is not None and self.contention.contended


@dataclass(frozen=True)
class Failure:
    """First failure of a configuration, after which it is not measured again."""

    round: int
    message: str


@dataclass
class Record:
    """Configuration with its measurements, in the order in which they were made."""

    configuration: Configuration
    measurements: list[Measurement] = field(default_factory=list)
    failure: Failure | None = None
    agreement: Agreement | None = None


def run_benchmark(
    tasks: Sequence[Task],
    rounds: int,
    progress: Callable[[str], object],
    *,
    allow_contention: bool = False,
) -> list[Record]:
    """Measure all configurations in interleaved rounds, going on if one of them fails.

    Parameters
    ----------
    tasks
        One for each configuration.
    rounds
        Number of rounds; each runs every task once, beginning with another one.
    progress
        Called before each measurement with a description of it.
    allow_contention
        Whether to keep measurements that other programs disturbed. Otherwise they are made again,
        up to `REPEATS` times; whether one is kept depends on the load only, never on its times.

    Returns
    -------
    list of Record
        One for each task, in their order.

    Raises
    ------
    Contended
        If other programs disturbed a measurement and its repetitions, and that is not allowed.
    """
    both = [(task, Record(task.configuration)) for task in tasks]
    for number in range(rounds):
        first = number % len(both)
        for task, record in both[first:] + both[:first]:
            if record.failure:
                continue
            what = f"round {number + 1} of {rounds}: {record.configuration.key}"
            try:
                made = _measured(task, number, what, progress, repeat=not allow_contention)
            except MeasurementFailed as error:
                record.failure = Failure(number, str(error))
            else:
                record.measurements.append(made)
    return [record for _, record in both]


def _measured(
    task: Task, number: int, what: str, progress: Callable[[str], object], *, repeat: bool
) -> Measurement:
    """Measure a task, and again if other programs disturb it and `repeat` is true."""
    again = ""
    for _ in range(1 + REPEATS):
        progress(what + again)
        before = read_counters()
        content = measure(task)
        taken = contention_between(before, read_counters())
        if not (repeat and taken.contended):
            return Measurement(number, **content, contention=taken)
        again = f", again, because others took {taken.describe()}"
    raise Contended(
        f"{what}: in each of {1 + REPEATS} attempts other programs disturbed it, in the last one "
        f"they took {taken.describe()}; leave the machine idle, or give --allow-contention to "
        "measure nevertheless and mark what was disturbed"
    )


def measure(task: Task) -> dict[str, Any]:
    """Run a task in a new process and return its result.

    Raises
    ------
    MeasurementFailed
        If the process failed, was killed, or wrote no result.
    """
    what = task.configuration
    module = EAGER_MODULE if what.is_eager else ENGINE_MODULE
    if what.name == OPENVINO:
        module = OPENVINO_MODULE
    with tempfile.TemporaryDirectory(prefix="lungrt-bench-") as folder:
        result = Path(folder) / "result.json"
        task = replace(task, result=str(result), started=time.monotonic())
        try:
            done = subprocess.run(
                [sys.executable, "-m", module, task.to_json()],
                env=_environment(task.configuration),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                timeout=LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise MeasurementFailed(
                f"stopped after {LIMIT_S:g} s, the longest that a measurement may take"
            ) from error
        if done.returncode not in (0, FAILED):
            raise MeasurementFailed(_describe_exit(done.returncode, done.stderr))
        if not result.exists():
            raise MeasurementFailed("its process ended without writing a result")
        content: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    if "error" in content:
        raise MeasurementFailed(content["error"])
    return content


def _environment(configuration: Configuration) -> dict[str, str]:
    """Return this process's environment with the variables that tune allocators and threads reset.

    They would change what is measured.
    """
    plain = {k: v for k, v in os.environ.items() if not k.startswith(TUNING_VARIABLES)}
    return plain | configuration.variables


def _describe_exit(code: int, stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    last = lines[-1] if lines else "no message on stderr"
    if code >= 0:
        return f"exit code {code}: {last}"
    name = signal.Signals(-code).name
    hint = " (often because memory ran out)" if name == "SIGKILL" else ""
    return f"killed by {name}{hint}: {last}"
