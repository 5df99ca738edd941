"""The example that reads with ITK and draws nodules on slices."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

import lungrt


@pytest.fixture(scope="session")
def overlay(built: Any) -> Path:
    """Path of the example."""
    path: Path = built("lungrt_example_itk_overlay")
    return path


def test_each_nodule_is_framed_on_its_slice(
    overlay: Path, native_bundle: Path, chest_ct: lungrt.CtVolume, tmp_path: Path
) -> None:
    image = SimpleITK.GetImageFromArray(chest_ct.hu)
    image.SetOrigin(chest_ct.geometry.origin_mm)
    image.SetSpacing(chest_ct.geometry.spacing_mm)
    SimpleITK.WriteImage(image, str(tmp_path / "ct.mha"))
    command = [overlay, native_bundle, tmp_path / "ct.mha", tmp_path / "pictures"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    nodules = lungrt.Pipeline(native_bundle).run(chest_ct).nodules
    assert len(done.stdout.splitlines()) == len(nodules) > 0
    for number, nodule in enumerate(nodules, start=1):
        picture = SimpleITK.ReadImage(str(tmp_path / "pictures" / f"nodule-{number}.png"))
        pixels = SimpleITK.GetArrayFromImage(picture)
        assert pixels.shape == (*chest_ct.shape[1:], 3)
        red = np.argwhere((pixels[..., 0] == 255) & (pixels[..., 1] == 40))
        _, row, column = nodule.index
        assert (red.min(axis=0) <= (row, column)).all()
        assert (red.max(axis=0) >= (row, column)).all()
        assert f"slice {nodule.index[0]}," in done.stdout.splitlines()[number - 1]


def test_file_that_is_not_there(overlay: Path, native_bundle: Path, tmp_path: Path) -> None:
    command = [overlay, native_bundle, tmp_path / "ct.mha", tmp_path / "pictures"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ct.mha" in done.stderr
