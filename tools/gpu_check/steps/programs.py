"""What the steps that run a prepared program share."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from importlib import util
from pathlib import Path
from typing import Any

from gpu_check.job import Job
from gpu_check.machine import Absent, no_device

TESTS = "lungrt_device_tests"
BENCHMARK = "lungrt_cuda_bench"


def program(job: Job, name: str) -> Path:
    """Return the path of a prepared program.

    Raises
    ------
    Absent
        The folder was prepared without it, or there is no CUDA core for it.
    """
    path = job.folder.programs / name
    if not path.is_file():
        raise Absent(f"the folder has no program {name}; it was prepared without a build")
    path.chmod(0o755)  # copying may lose it
    return path


def environment(job: Job) -> dict[str, str]:
    """Return the environment of the programs: the package's CUDA core, and torch's libraries."""
    spec = util.find_spec("torch")
    libraries = [os.environ.get("LD_LIBRARY_PATH", "")]
    if spec is not None and spec.origin is not None:
        libraries.insert(0, str(Path(spec.origin).parent / "lib"))
    return {
        **os.environ,
        "LUNGRT_CUDA_CORE": str(job.folder.package / "lungrt" / "liblungrt_cuda.so"),
        "LD_LIBRARY_PATH": os.pathsep.join(filter(None, libraries)),
    }


def run_tests(job: Job, command: list[str], *, case: str = "*") -> dict[str, Any]:
    """Run a program with GoogleTest; returns its exit status and what passed, failed, was skipped.

    Raises
    ------
    Absent
        Every test was skipped, because there is no device.
    RuntimeError
        The program has no such test.
    """
    with tempfile.TemporaryDirectory() as temporary:
        results = Path(temporary) / "results.json"
        done = subprocess.run(
            [*command, f"--gtest_filter={case}", f"--gtest_output=json:{results}"],
            env=environment(job),
            check=False,
        )
        if not results.is_file():
            return {"exit_status": done.returncode, "passed": 0, "failed": ["it did not end"]}
        content = json.loads(results.read_text(encoding="utf-8"))
    tests = [
        (f"{suite['name']}.{test['name']}", test)
        for suite in content["testsuites"]
        for test in suite["testsuite"]
    ]
    if not tests:
        raise RuntimeError(f"{command[-1]} has no test {case}")
    skipped = [name for name, test in tests if test["result"] == "SKIPPED"]
    failed = [name for name, test in tests if test.get("failures")]
    if len(skipped) == len(tests):
        raise no_device(f"all {len(tests)} tests were skipped; the log has the reason")
    return {
        "exit_status": done.returncode,
        "passed": len(tests) - len(skipped) - len(failed),
        "failed": failed,
        "skipped": skipped,
    }
