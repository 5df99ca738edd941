"""Starting of a measuring process, and reading of its result."""

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

    from lungrt.benchmark.configuration import Configuration
    from lungrt.benchmark.task import Task

__all__ = ["MeasurementFailed", "measure_command", "measure_task"]

ENGINE_MODULE = "lungrt.benchmark.engine"
EAGER_MODULE = "lungrt.benchmark.eager.child"


class MeasurementFailed(Exception):
    """A measuring process failed; the message says why."""


def measure_task(configuration: Configuration, task: Task, folder: Path, limit_s: float) -> Result:
    """Measure a task in a new process.

    Parameters
    ----------
    configuration : Configuration
        What to measure; it determines the program and its environment variables.
    task : Task
        The task; `result` and `started` are set here.
    folder : pathlib.Path
        Folder for the files that the processes exchange.
    limit_s : float
        Time limit in seconds, after which the process is killed.

    Raises
    ------
    MeasurementFailed
        If the process failed, was killed, or wrote no result.
    """
    module = EAGER_MODULE if configuration.is_eager else ENGINE_MODULE
    file, result = folder / "task.json", folder / "result.json"
    result.unlink(missing_ok=True)
    replace(task, result=str(result), started=time.monotonic()).write(file)
    _run(configuration, ["-m", module, str(file)], limit_s, result)
    try:
        return parse_result(task.kind, json.loads(result.read_text(encoding="utf-8")))
    except OSError as error:
        raise MeasurementFailed("its process ended without writing a result") from error


def measure_command(
    configuration: Configuration, arguments: Sequence[str], limit_s: float
) -> float:
    """Return the seconds that ``lungrt ARGUMENTS`` takes, including the start of the process.

    Raises
    ------
    MeasurementFailed
        If the command failed or was killed.
    """
    started = time.monotonic()
    _run(configuration, ["-m", "lungrt", *arguments], limit_s, None)
    return time.monotonic() - started


def _run(
    configuration: Configuration, arguments: Sequence[str], limit_s: float, result: Path | None
) -> None:
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=configuration.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MeasurementFailed(
            f"stopped after {limit_s:g} s, the limit set by --time-limit"
        ) from error
    if done.returncode == FAILED and result is not None and result.exists():
        raise MeasurementFailed(json.loads(result.read_text(encoding="utf-8"))["error"])
    if done.returncode:
        raise MeasurementFailed(_describe_exit(done.returncode, done.stderr))


def _describe_exit(code: int, stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    last = lines[-1] if lines else "no message on stderr"
    if code >= 0:
        return f"exit code {code}: {last}"
    name = signal.Signals(-code).name
    hint = " (often because memory ran out)" if name == "SIGKILL" else ""
    return f"killed by {name}{hint}: {last}"
