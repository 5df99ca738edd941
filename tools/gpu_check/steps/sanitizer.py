"""CUDA's sanitizer over the kernels on small volumes. Argument: the tool, e.g. memcheck."""

from __future__ import annotations

from gpu_check.job import Job
from gpu_check.machine import Absent, find_tool
from gpu_check.steps import programs

_ERRORS = 9  # exit status if the tool found something
_CASES = "Device.EqualsTheCpu:Device.TwoScansAtOnceEqualTheCpu"


def run(job: Job) -> None:
    """Run the tests of the CUDA core under one of the sanitizer's tools.

    Raises
    ------
    Absent
        The sanitizer or a device is not on this machine.
    RuntimeError
        It found something.
    """
    (tool,) = job.arguments
    sanitizer = find_tool("compute-sanitizer")
    if sanitizer is None:
        raise Absent("compute-sanitizer is not on this machine")
    tests = programs.program(job, programs.TESTS)
    command = [sanitizer, "--tool", tool, "--error-exitcode", str(_ERRORS), str(tests)]
    found = programs.run_tests(job, command, case=_CASES)
    job.found(tests=found)
    if found["exit_status"] != 0:
        raise RuntimeError(f"{tool} ended with {found['exit_status']}; the log has what it found")
