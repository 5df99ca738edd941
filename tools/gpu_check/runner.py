"""Run the steps one after the other on the GPU machine, whatever happens to each of them."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from gpu_check import records
from gpu_check.contents import Failure, Folder
from gpu_check.job import EXIT_ABSENT, EXIT_NOT_LOADED
from gpu_check.onnxruntime_part import onnxruntime_environment, unpack
from gpu_check.plan import Step, first_command, second_command

_LEAST_SECONDS = 5  # with less, a step is not begun
BUILD = Step("build", 240)
WITH_TORCH = Step("engines:torch", 60)


class _Killed(BaseException):
    """The runner was asked to end."""


def run(options: argparse.Namespace) -> int:
    """Run all steps; returns 1 if one of them failed."""
    folder = Folder(options.folder.resolve())
    contents = folder.describe()
    options.output.mkdir(parents=True, exist_ok=True)
    steps = second_command() if options.onnxruntime else first_command(options.variant)
    if options.only:
        wanted = options.only.split(",")
        steps = [one for one in steps if one.name in wanted or one.name.split(":")[0] in wanted]
        if not steps:
            raise Failure(f"--only {options.only}: no step has such a name")
    runner = Runner(options, folder)
    if options.onnxruntime:
        unpack(options.onnxruntime)
    records.append(options.output, "run", contents=contents, device=options.device)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _raise_killed)
    try:
        failed = [step.name for step in steps if not runner.run(step)]
    except _Killed:
        print("gpu_check: ended before all steps were done", file=sys.stderr)
        return 130
    print(f"gpu_check: {runner.passed:.0f} s; failed: {', '.join(failed) or 'nothing'}")
    return 1 if failed else 0


def _raise_killed(number: int, frame: FrameType | None) -> None:
    raise _Killed


class Runner:
    """Starts steps, ends those that take too long, and records both."""

    def __init__(self, options: argparse.Namespace, folder: Folder) -> None:
        self._options = options
        self._folder = folder
        self._start = time.monotonic()
        self._preload_torch = False

    @property
    def passed(self) -> float:
        """Seconds since the first step."""
        return time.monotonic() - self._start

    def run(self, step: Step) -> bool:
        """Run a step and what its failure makes necessary; returns whether nothing failed."""
        status = self._run(step)
        if step.name == "engines" and status == records.NOT_LOADED:
            # Everything else needs them.
            if self._run(BUILD) == records.OK:
                status = self._run(step)
        # Engines may find CUDA's libraries only if they are in the process already.
        elif step.name == "engines" and status == records.FAILED:
            self._preload_torch = self._run(WITH_TORCH) == records.OK
        return status not in (records.FAILED, records.NOT_LOADED, records.TIMEOUT)

    def _run(self, step: Step) -> str:
        output = self._options.output
        seconds = min(step.seconds * self._options.patience, self._options.limit - self.passed)
        if seconds < _LEAST_SECONDS:
            records.append(output, step.name, status=records.NOT_RUN, reason="no time was left")
            return records.NOT_RUN
        records.append(output, step.name, status=records.STARTED)
        print(f"{self.passed:6.1f} s  {step.name} ...", flush=True)
        began = time.monotonic()
        status, extra = self._in_process(step, seconds)
        took = round(time.monotonic() - began, 2)
        records.append(output, step.name, status=status, seconds=took, **extra)
        print(f"{self.passed:6.1f} s  {step.name}: {status}", flush=True)
        return status

    def _in_process(self, step: Step, seconds: float) -> tuple[str, dict[str, object]]:
        options = self._options
        command = [sys.executable, str(Path(__file__).parent), "step", step.name]
        command += [str(self._folder.root), "--output", str(options.output)]
        command += ["--device", options.device, "--repeats", str(options.repeats)]
        command += ["--preload-torch"] if self._preload_torch else []
        environment = self._folder.environment()
        if options.onnxruntime:
            environment |= onnxruntime_environment(options.onnxruntime)
        with (options.output / records.LOG).open("ab") as log:
            log.write(f"\n== {step.name}\n".encode())
            log.flush()
            with subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # so that its own processes end with it
            ) as process:
                try:
                    code = process.wait(timeout=seconds)
                except subprocess.TimeoutExpired:
                    _end(process)
                    return records.TIMEOUT, {"limit_seconds": round(seconds, 1)}
                except BaseException:
                    _end(process)
                    raise
        if code == 0:
            return records.OK, {}
        if code == EXIT_ABSENT:
            return records.ABSENT, {}
        if code == EXIT_NOT_LOADED:
            return records.NOT_LOADED, {}
        return records.FAILED, {"exit_status": code}


def _end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
