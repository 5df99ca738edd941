"""Configuring the C++ benchmark suite where Google Benchmark is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_missing_google_benchmark_is_told(tmp_path: Path) -> None:
    cmake = shutil.which("cmake", path=Path(sys.executable).parent) or shutil.which("cmake")
    if cmake is None:
        pytest.skip("needs cmake")
    done = subprocess.run(
        [
            *(cmake, "-S", str(ROOT), "-B", str(tmp_path), "-DLUNGRT_BUILD_BENCHMARKS=ON"),
            *("-DLUNGRT_ENGINE_TORCHSCRIPT=OFF", "-DCMAKE_DISABLE_FIND_PACKAGE_benchmark=ON"),
            f"-DPython_EXECUTABLE={sys.executable}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    told = " ".join(done.stderr.split())
    assert "Google Benchmark was not found" in told
    assert "apt-get install libbenchmark-dev" in told
