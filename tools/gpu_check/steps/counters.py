"""Hardware counters of the kernels, by NVIDIA's Nsight Compute (ncu)."""

from __future__ import annotations

import subprocess

from gpu_check.job import Job
from gpu_check.machine import Absent, find_tool
from gpu_check.steps import programs

TEXT = "counters.txt"
_SECTIONS = ("SpeedOfLight", "MemoryWorkloadAnalysis", "Occupancy", "LaunchStats")
_LAUNCHES = 3


def run(job: Job) -> None:
    """Read the counters of the benchmark's first launches.

    Raises
    ------
    Absent
        ncu is not on this machine.
    RuntimeError
        It could not read the counters.
    """
    ncu = find_tool("ncu")
    if ncu is None:
        raise Absent("ncu is not on this machine")
    command = [ncu, "--clock-control", "none", "--launch-count", str(_LAUNCHES)]
    for section in _SECTIONS:
        command += ["--section", section]
    with (job.output / TEXT).open("wb") as text:
        done = subprocess.run(
            [*command, str(programs.program(job, programs.BENCHMARK))],
            stdout=text,
            stderr=subprocess.STDOUT,
            env=programs.environment(job),
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(f"ncu ended with {done.returncode}; {TEXT} has its words")
    job.found(text=TEXT)
