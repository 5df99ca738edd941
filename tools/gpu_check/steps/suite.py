"""The tests in Python that need a GPU."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from importlib import util
from pathlib import Path

from gpu_check.job import Job
from gpu_check.machine import Absent

FILES = ("parity/test_cuda_path.py",)
NEEDS = ("pytest", "hypothesis", "scipy")
_NO_TESTS = 5  # pytest's exit status


def run(job: Job) -> None:
    """Run them with pytest.

    Raises
    ------
    Absent
        A package that they need is not installed, or all of them were skipped.
    RuntimeError
        A test failed.
    """
    if missing := [name for name in NEEDS if util.find_spec(name) is None]:
        raise Absent(f"not installed: {', '.join(missing)}")
    if not job.folder.tests.is_dir():
        raise Absent("the folder has no tests; it was prepared without them")
    with tempfile.TemporaryDirectory() as temporary:
        results = Path(temporary) / "results.xml"
        command = [sys.executable, "-m", "pytest", "-m", "gpu", f"--junit-xml={results}", "-rA"]
        command += ["-p", "no:cacheprovider", "-c", str(job.folder.tests / "pytest.ini")]
        done = subprocess.run(
            [*command, *(str(job.folder.tests / file) for file in FILES)],
            env={**os.environ, "LUNGRT_GPU_CHECK": str(job.folder.root)},
            cwd=job.folder.tests,
            check=False,
        )
        if not results.is_file():
            raise RuntimeError(f"pytest ended with {done.returncode}")
        suite = ElementTree.parse(results).getroot()[0].attrib
    counts = {name: int(suite[name]) for name in ("tests", "failures", "errors", "skipped")}
    job.found(tests=counts)
    if done.returncode not in (0, _NO_TESTS):
        raise RuntimeError(f"tests failed: {counts['failures'] + counts['errors']}")
    if counts["tests"] == counts["skipped"]:
        raise Absent(f"all {counts['tests']} tests were skipped; the log has the reasons")
