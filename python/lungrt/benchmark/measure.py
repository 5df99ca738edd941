"""Measurement of one configuration, the same for all; it runs in a process of its own."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lungrt.benchmark.plan import Configuration

__all__ = ["FAILED", "STAGES", "Diagnosis", "Subject", "Task", "main", "peak_bytes"]

FAILED = 3  # exit code of a process that wrote an error message instead of a result
STAGES = ("read", "segment", "group", "classify")


@dataclass(frozen=True)
class Task:
    """What a measuring process is told to do.

    Attributes
    ----------
    configuration : Configuration
        What is measured.
    bundle, ct : str
        Paths.
    series : str or None
        UID of the series to read from a DICOM folder.
    runs : int
        How often the process diagnoses the CT: the first time, and then with everything warm.
    voxel_order : str or None
        Order of axes that the library's networks see; None means that of the profile.
    allow_non_hu : bool
        Whether the library accepts voxels that cannot be Hounsfield units.
    checkpoints : dict of str to list of str
        Checkpoints by stage, of which eager networks are built. Stages without a checkpoint are
        built of the bundle's weights.
    started : float
        Value of `time.monotonic` before the process was started; all processes share this clock.
    result : str
        JSON file to write.
    """

    configuration: Configuration
    bundle: str
    ct: str
    series: str | None = None
    runs: int = 1
    checkpoints: Mapping[str, list[str]] = field(default_factory=dict)
    started: float = 0.0
    result: str = ""
    voxel_order: str | None = None
    allow_non_hu: bool = False

    def to_json(self) -> str:
        """Return the task as text that `parse` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Task:
        """Read a task that `to_json` has written."""
        content = json.loads(text)
        return cls(**content | {"configuration": Configuration(**content["configuration"])})


@dataclass(frozen=True)
class Diagnosis:
    """Finished diagnosis.

    Attributes
    ----------
    seconds : dict of str to float
        Seconds of segment, group and classify.
    outputs : callable
        Returns what was found, as JSON: ``shape``, ``restricted`` (to the lung field),
        ``mask_voxels`` (after erosion) and ``candidates``, which have ``index``, ``center_mm``,
        ``p_nodule`` and ``p_malignant`` as in a report. It is called after the time was taken.
    """

    seconds: dict[str, float]
    outputs: Callable[[], dict[str, Any]]


class Subject(Protocol):
    """Configuration whose networks are open."""

    def read(self, ct: str, series: str | None) -> Any:
        """Read a CT."""

    def run(self, ct: Any) -> Diagnosis:
        """Diagnose a CT."""

    def arithmetic(self) -> dict[str, str]:
        """Return what computed the networks, known after a run.

        ``instruction_set`` is that of the processor, or the name of the device; ``precision`` the
        number format, in the words of whatever computes.
        """


def main(open_subject: Callable[[Task], Subject]) -> None:
    """Run the task in ``sys.argv[1]``; the main function of a measuring process."""
    task = Task.parse(sys.argv[1])
    from lungrt.errors import Error

    try:
        content = _measure(task, open_subject)
    except (Error, MemoryError, ImportError) as error:
        content = {"error": f"{type(error).__name__}: {str(error) or 'out of memory'}"}
    Path(task.result).write_text(json.dumps(content), encoding="utf-8")
    sys.exit(FAILED if "error" in content else 0)


def _measure(task: Task, open_subject: Callable[[Task], Subject]) -> dict[str, Any]:
    subject = open_subject(task)
    start = time.monotonic() - task.started
    runs = []
    outputs: dict[str, Any] = {}
    for _ in range(task.runs):
        began = time.perf_counter()
        ct = subject.read(task.ct, task.series)
        read = time.perf_counter() - began
        diagnosis = subject.run(ct)
        total = time.perf_counter() - began
        times = {"read": read, **diagnosis.seconds, "total": total}
        runs.append(times | {"peak_bytes": peak_bytes()})
        outputs = outputs or diagnosis.outputs()
        del ct, diagnosis  # the next run needs their memory
    return {
        "start": start,
        "runs": runs,
        "outputs": outputs,
        "arithmetic": subject.arithmetic(),
    }


def peak_bytes() -> int:
    """Return the largest resident memory of this process so far, in bytes."""
    # Preferred to getrusage, whose value starts at the size of the process that started this one.
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
