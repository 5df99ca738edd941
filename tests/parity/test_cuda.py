"""The choice of a GPU; test_precision.py has what engines compute there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import engines
import pytest

import lungrt

pytestmark = pytest.mark.gpu


def test_a_device_that_is_not_there(engine: str, cuda: str, reference_bundle: Path) -> None:
    with pytest.raises(lungrt.errors.DeviceUnavailable, match="cuda:99"):
        engines.open_pipeline(reference_bundle, engine, device="cuda:99")


def test_auto_takes_the_gpu(engine: str, cuda: str, reference_bundle: Path) -> None:
    assert engines.open_pipeline(reference_bundle, engine, device="auto").device == cuda


def test_a_process_without_torch_finds_the_gpu(
    engine: str, cuda: str, reference_bundle: Path
) -> None:
    # Tests import torch, after which CUDA's libraries are in the process; the command does not.
    code = f"""
import lungrt, sys
opened = lungrt.Pipeline({str(reference_bundle)!r}, engine={engine!r}, device="cuda")
assert "torch" not in sys.modules
print(opened.device)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == cuda
