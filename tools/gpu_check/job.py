"""One step in a process of its own: what it is given, and how its end is told to the runner."""

from __future__ import annotations

import argparse
import ctypes
import importlib
import signal
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpu_check import records
from gpu_check.contents import Folder
from gpu_check.machine import Absent, no_device

# Exit statuses of a step besides 0 and those of a crash.
EXIT_FAILED = 1
EXIT_ABSENT = 3
EXIT_NOT_LOADED = 4
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Job:
    """What a step is given.

    Attributes
    ----------
    name : str
        Name of the step, with its arguments.
    folder : Folder
        The prepared folder.
    output : pathlib.Path
        The only folder that the step writes to.
    device : str
        cuda, cuda:N or cpu.
    repeats : int
        Number of warm runs of a measurement.
    preload_torch : bool
        Whether torch has to be imported before lungrt, because lungrt does not find the GPU alone.
    """

    name: str
    folder: Folder
    output: Path
    device: str
    repeats: int
    preload_torch: bool

    @property
    def arguments(self) -> list[str]:
        """Arguments in the name."""
        return self.name.split(":")[1:]

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU is used."""
        return self.device.startswith("cuda")

    def found(self, **what: Any) -> None:
        """Record a part of the result; it is kept whatever happens next."""
        records.append(self.output, self.name, **what)

    def import_lungrt(self) -> Any:
        """Import lungrt, after torch where that is necessary."""
        if self.preload_torch:
            import torch  # noqa: F401
        import lungrt

        return lungrt

    def require_torch_device(self) -> Any:
        """Import torch.

        Raises
        ------
        Absent
            It is not installed, or does not see the device.
        """
        try:
            import torch
        except ImportError as error:
            raise Absent(f"torch cannot be imported: {error}") from error
        if self.on_gpu and not torch.cuda.is_available():
            raise no_device(f"torch {torch.__version__} sees no CUDA device")
        return torch


def median_seconds(run: Callable[[], Any], repeats: int) -> dict[str, float]:
    """Measure a function; returns the median, the least and the most seconds."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return {"median": statistics.median(seconds), "least": min(seconds), "most": max(seconds)}


def run_step(options: argparse.Namespace) -> int:
    """Run one step; the exit status says how it ended."""
    # Ends with the runner, so that no process keeps the GPU when that is killed.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    module = options.name.partition(":")[0]
    job = Job(
        options.name,
        Folder(options.folder.resolve()),
        options.output.resolve(),
        options.device,
        options.repeats,
        options.preload_torch,
    )
    try:
        importlib.import_module(f"gpu_check.steps.{module}").run(job)
    except Absent as absent:
        print(absent)
        job.found(reason=str(absent))
        return EXIT_ABSENT
    except ImportError as error:
        _record_error(job, error)
        return EXIT_NOT_LOADED
    except Exception as error:
        _record_error(job, error)
        return EXIT_FAILED
    return 0


def _record_error(job: Job, error: Exception) -> None:
    """Record what went wrong, which is a result of the step; the traceback goes to the log."""
    job.found(error=f"{type(error).__name__}: {error}"[:2000])
    sys.excepthook(type(error), error, error.__traceback__)
