"""The CUDA kernels on the GPU, compared with the CPU's operators bit for bit."""

from __future__ import annotations

from gpu_check.job import Job
from gpu_check.steps import programs


def run(job: Job) -> None:
    """Run the tests of the CUDA core.

    Raises
    ------
    RuntimeError
        A test failed.
    """
    found = programs.run_tests(job, [str(programs.program(job, programs.TESTS))])
    job.found(tests=found)
    if found["exit_status"] != 0:
        raise RuntimeError(f"tests of the kernels failed: {', '.join(found['failed'])}")
