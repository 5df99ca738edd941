"""Measurements, the same for every configuration; they run in the configuration's own process."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lungrt.benchmark.results import Cold, Index, Network, Outputs, Result, Run, Whole, to_json
from lungrt.benchmark.task import NETWORK_CROPS, NETWORK_SLICES, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FAILED", "Diagnosis", "Subject", "fixed_places", "main", "peak_bytes"]

FAILED = 3  # exit code of a process that wrote an error message instead of a result

_REPETITIONS = 3
_PLACES_SEED = 3


@dataclass(frozen=True)
class Diagnosis:
    """Finished diagnosis: seconds by stage (segment, group, classify), and its results."""

    seconds: dict[str, float]
    outputs: Callable[[], Outputs]  # called after the time was taken


class Subject(Protocol):
    """Configuration whose networks are open. Arrays are float32, N x C x spatial axes."""

    def read(self, ct: str, series: str | None) -> Any:
        """Read a CT."""

    def run(self, ct: Any, places: int) -> Diagnosis:
        """Diagnose a CT; for `places` see `Task`."""

    def slices(self, ct: Any, numbers: range) -> NDArray[Any]:
        """Return the segmentation network's inputs for some slices."""

    def crops(self, ct: Any, places: NDArray[Any]) -> NDArray[Any]:
        """Return the nodule classifier's inputs for some voxels."""

    def probabilities(self, stage: str, inputs: NDArray[Any]) -> NDArray[Any]:
        """Run a stage's network alone."""

    def shape(self, ct: Any) -> Index:
        """Return the number of slices, rows and columns."""


def main(open_subject: Callable[[Task], Subject]) -> None:
    """Run the task in the file ``sys.argv[1]``; the main function of a measuring process."""
    task = Task.read(sys.argv[1])
    from lungrt.errors import Error

    try:
        content = to_json(_measure(task, open_subject))
    except (Error, MemoryError, ImportError) as error:
        message = str(error) or "out of memory"
        content = {"error": f"{type(error).__name__}: {message}"}
    Path(task.result).write_text(json.dumps(content), encoding="utf-8")
    sys.exit(FAILED if "error" in content else 0)


def _measure(task: Task, open_subject: Callable[[Task], Subject]) -> Result:
    subject = open_subject(task)
    start = time.monotonic() - task.started
    if task.kind == "network":
        return _networks(task, subject)
    if task.kind == "cold":
        _diagnose(task, subject)
        first = time.monotonic() - task.started
        run, *_ = _diagnose(task, subject)
        return Cold(start, first, run.total)
    runs: list[Run] = []
    peaks: list[int] = []
    outputs: Outputs | None = None
    for _ in range(task.runs):
        run, diagnosis, shape = _diagnose(task, subject)
        runs.append(run)
        peaks.append(peak_bytes())
        outputs = outputs or diagnosis.outputs()
        del diagnosis  # the next run needs its memory
    assert outputs is not None, "a task has at least one run"
    return Whole(start, runs, peaks, outputs, shape)


def _diagnose(task: Task, subject: Subject) -> tuple[Run, Diagnosis, Index]:
    began = time.perf_counter()
    ct = subject.read(task.ct, task.series)
    read = time.perf_counter()
    diagnosis = subject.run(ct, task.places)
    done = time.perf_counter()
    run = Run(read=read - began, total=done - began, **diagnosis.seconds)
    return run, diagnosis, subject.shape(ct)


def _networks(task: Task, subject: Subject) -> Network:
    import numpy as np

    ct = subject.read(task.ct, task.series)
    shape = subject.shape(ct)
    count = min(NETWORK_SLICES, shape[0])
    first = (shape[0] - count) // 2
    inputs = {
        "segmentation": subject.slices(ct, range(first, first + count)),
        "nodule": subject.crops(ct, fixed_places(shape, NETWORK_CROPS)),
    }
    milliseconds: dict[str, list[float]] = {}
    outputs = {}
    for stage, batch in inputs.items():
        outputs[stage] = subject.probabilities(stage, batch)  # the first run warms up
        milliseconds[stage] = []
        for _ in range(_REPETITIONS):
            began = time.perf_counter()
            subject.probabilities(stage, batch)
            milliseconds[stage].append((time.perf_counter() - began) * 1000 / len(batch))
    if task.arrays:
        np.savez(task.arrays, segmentation=outputs["segmentation"], nodule=outputs["nodule"])
    return Network(milliseconds["segmentation"], milliseconds["nodule"])


def fixed_places(shape: Index, count: int) -> NDArray[Any]:
    """Return voxels of a volume, the same for every configuration: int64, shape (count, 3)."""
    import numpy as np

    return np.random.default_rng(_PLACES_SEED).integers(0, shape, (count, 3))


def peak_bytes() -> int:
    """Return the largest resident memory of this process so far, in bytes."""
    # Preferred to getrusage, whose value starts at the size of the process that started this one.
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
