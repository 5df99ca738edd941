"""Seconds of each kernel beside the least that its memory traffic takes, as CSV."""

from __future__ import annotations

import subprocess

from gpu_check.job import Job
from gpu_check.machine import no_device
from gpu_check.steps import programs

CSV = "kernels.csv"


def run(job: Job) -> None:
    """Run the benchmark of the CUDA core; its output is kept as it is.

    Raises
    ------
    Absent
        There is no device.
    RuntimeError
        The benchmark failed.
    """
    benchmark = programs.program(job, programs.BENCHMARK)
    with (job.output / CSV).open("wb") as table:
        done = subprocess.run(
            [str(benchmark)],
            stdout=table,
            stderr=subprocess.PIPE,
            env=programs.environment(job),
            check=False,
        )
    message = done.stderr.decode(errors="replace").strip()
    text = (job.output / CSV).read_text(encoding="utf-8", errors="replace")
    print(text, message, sep="\n")
    job.found(csv=text)
    if done.returncode != 0:
        if not text.splitlines()[1:]:
            (job.output / CSV).unlink()
            raise no_device(message)
        raise RuntimeError(f"the benchmark ended with {done.returncode}: {message}")
