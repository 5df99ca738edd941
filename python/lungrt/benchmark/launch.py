"""One measurement: a process is started, waited for, and its result read."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.benchmark.measure import FAILED
from lungrt.benchmark.results import Result, parse_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungrt.benchmark.contender import Contender
    from lungrt.benchmark.task import Task

__all__ = ["MeasurementFailed", "measure_command", "measure_task"]

ENGINE_MODULE = "lungrt.benchmark.engine"
EAGER_MODULE = "lungrt.benchmark.eager.child"


class MeasurementFailed(Exception):
    """A contender's process gave no result; the message says what it gave instead."""


def measure_task(contender: Contender, task: Task, folder: Path, limit_s: float) -> Result:
    """Measure a task in a process of its own.

    Parameters
    ----------
    folder : pathlib.Path
        For the files that travel between the processes.
    limit_s : float
        Seconds after which the process is ended.

    Raises
    ------
    MeasurementFailed
    """
    module = EAGER_MODULE if contender.is_eager else ENGINE_MODULE
    file, result = folder / "task.json", folder / "result.json"
    result.unlink(missing_ok=True)
    replace(task, result=str(result), started=time.monotonic()).write(file)
    _run(contender, ["-m", module, str(file)], limit_s, result)
    try:
        return parse_result(task.kind, json.loads(result.read_text(encoding="utf-8")))
    except OSError as error:
        raise MeasurementFailed("its process ended without a result") from error


def measure_command(contender: Contender, arguments: Sequence[str], limit_s: float) -> float:
    """Seconds that ``lungrt ARGUMENTS`` takes, from the start of the process to its end.

    Raises
    ------
    MeasurementFailed
    """
    started = time.monotonic()
    _run(contender, ["-m", "lungrt", *arguments], limit_s, None)
    return time.monotonic() - started


def _run(
    contender: Contender, arguments: Sequence[str], limit_s: float, result: Path | None
) -> None:
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=contender.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MeasurementFailed(f"ended after {limit_s:g} s, the limit (--time-limit)") from error
    if done.returncode == FAILED and result is not None and result.exists():
        raise MeasurementFailed(json.loads(result.read_text(encoding="utf-8"))["error"])
    if done.returncode:
        raise MeasurementFailed(_told(done.returncode, done.stderr))


def _told(code: int, stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    if code >= 0:
        return f"exit code {code}: {last}"
    name = signal.Signals(-code).name
    hint = ", as the system does where memory runs out" if name == "SIGKILL" else ""
    return f"ended by {name}{hint}: {last}"
