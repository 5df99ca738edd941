"""The script for GPU machines: its usage message, and its arrays of CTs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lungrt

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import gpu_pipeline

TOOLS = Path(gpu_pipeline.__file__).parent


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(TOOLS / "gpu_check.sh"), *arguments], capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "arguments",
    [(), ("run",), ("build", "folder"), ("prepare", "folder"), ("prepare", "f", "-x", "y")],
)
def test_usage_is_printed(arguments: tuple[str, ...], tmp_path: Path) -> None:
    found = check(*arguments)
    assert found.returncode == 2
    assert "gpu_check.sh prepare FOLDER --checkpoints DIR --ct DIR" in found.stderr


def test_a_ct_as_an_array_is_the_same_ct(tmp_path: Path) -> None:
    hu = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    geometry = lungrt.Geometry((1.0, 2.0, 3.0), (0.5, 0.6, 0.7), np.diag([1.0, -1.0, -1.0]))
    volume = lungrt.CtVolume(hu, geometry)
    gpu_pipeline.save(tmp_path / "ct.npz", volume)
    found = gpu_pipeline.volume_of(tmp_path / "ct.npz")
    np.testing.assert_array_equal(found.hu, hu)
    for name in ("origin_mm", "spacing_mm", "direction"):
        np.testing.assert_array_equal(getattr(found.geometry, name), getattr(volume.geometry, name))
