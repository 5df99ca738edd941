"""Segmentation in windows is that of whole slices to the bit, whatever the network's depth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import native_members as members
import numpy as np
import pytest
import torch

import lungrt
from lungrt.phantom import chest

MEMBERS: dict[str, dict[str, Any]] = {
    "one level": {"in_channels": 1, "widths": (3,)},
    "two levels": {"in_channels": 3, "widths": (4, 6)},
    "three levels, bilinear": {"in_channels": 1, "widths": (4, 5, 6), "up_mode": "upsample"},
    "three levels, maxima": {"in_channels": 1, "widths": (5, 6, 7), "pooling": "max"},
    "three levels, unpadded": {"in_channels": 3, "widths": (4, 5, 6), "padding": False},
    "two levels, unpadded, bilinear": {
        "in_channels": 1,
        "widths": (4, 6),
        "padding": False,
        "up_mode": "upsample",
    },
    "four levels": {"in_channels": 1, "widths": (4, 4, 4, 4)},
    "four levels, bilinear": {"in_channels": 1, "widths": (4, 4, 4, 4), "up_mode": "upsample"},
}


@pytest.fixture(scope="module")
def volume() -> lungrt.CtVolume:
    """Put a chest amid so much noisy air that windows end far from the slices' edges."""
    phantom = chest(seed=4, shape=(12, 109, 121), spacing_mm=(3.2, 3.2, 20.0), nodules=0)
    air = np.random.default_rng(1).normal(-930, 25, (12, 109 + 2 * 101, 121 + 2 * 107 + 3))
    hu = air.astype(np.int16)
    hu[:, 101:-101, 107:-110] = phantom.hu.clip(-1000, None)
    return lungrt.CtVolume(hu, phantom.geometry)


def lively(volume: lungrt.CtVolume, options: dict[str, Any], folder: Path) -> Path:
    """Write a network that calls one voxel in ten of the middle slice a nodule."""
    module = members.unet(7, **options)
    module.input_batchnorm.running_mean.fill_(-900.0)
    module.input_batchnorm.running_var.fill_(100.0**2)
    draft = members.bundle(folder / "draft", module)
    images = lungrt.Pipeline(draft, profile="book").segmentation_input(volume, volume.shape[0] // 2)
    with torch.no_grad():
        logits = module.unet(module.input_batchnorm(torch.from_numpy(images)[None]))
        module.unet.last.bias -= logits.quantile(0.9)
    return members.bundle(folder / "bundle", module)


@pytest.mark.parametrize("kernels", members.KERNELS)
@pytest.mark.parametrize("name", MEMBERS)
def test_windows_equal_whole_slices(
    name: str, kernels: str, volume: lungrt.CtVolume, tmp_path: Path
) -> None:
    bundle = lively(volume, MEMBERS[name], tmp_path)
    options = {"engine": "native", "engine_options": {"kernels": kernels}}
    whole = np.asarray(lungrt.Pipeline(bundle, profile="book", **options).segment(volume))
    mask = np.asarray(
        lungrt.Pipeline(bundle, profile="book", region="lung", **options).segment(volume)
    )
    field = np.asarray(lungrt.find_lung_field(volume).mask)
    assert 0.02 < whole[field].mean() < 0.98, "the case is to have both kinds of voxels"
    assert (whole & ~mask).any(), "the case is to leave some of the slices out"
    np.testing.assert_array_equal(mask[field], whole[field])
    assert not (mask & ~whole).any()
