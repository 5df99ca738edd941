"""A channel-pruned U-Net, whose convolutions all differ in width, in every engine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import native_members as members
import numpy as np
import pytest
import torch

import lungrt
from lungrt.export import compile_bundle, export_bundle
from lungrt.export.manifest import read_manifest
from lungrt.models import load_network

WIDTHS = (5, 7, 18, 19, 21, 33, 17, 13, 15, 6, 9, 11)
TOLERANCE = 2.5e-4  # of a probability, as an export promises it


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pruned") / "pruned.pt"
    module = members.unet(3, widths=(7, 19, 33), convolution_widths=WIDTHS)
    assert len({tensor.shape[0] for tensor in module.state_dict().values() if tensor.ndim > 3}) > 9
    torch.save({"model_state": module.state_dict()}, path)
    return path


@pytest.fixture(scope="module")
def bundle(checkpoint: Path) -> Path:
    path = checkpoint.with_name("bundle")
    # The input of these weights is near 1 instead of a thousand.
    network = load_network("segmentation", checkpoint, options={"scale": 0.001})
    result = export_bundle({"segmentation": [network]}, path)
    assert {row.runtime for row in result.rows} >= {"torch", "onnxruntime", "weights"}
    return path


def test_options_are_read_from_the_tensors_and_recorded(bundle: Path) -> None:
    (network,) = read_manifest(bundle).stages["segmentation"].networks
    assert network.options["widths"] == [7, 19, 33]
    assert network.options["convolution_widths"] == list(WIDTHS)
    assert "convolution_widths" in network.inferred


@pytest.mark.parametrize("engine", ["native", "torchscript", "onnxruntime", "aotinductor"])
def test_engine_equals_eager(
    engine: str,
    bundle: Path,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if engine == "aotinductor":
        if shutil.which(os.environ.get("CXX", "g++")) is None:
            pytest.skip("compiling needs a C++ compiler")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        compile_bundle(bundle, sizes=[(36, 44)])
    module = load_network("segmentation", checkpoint).module
    x = np.random.default_rng(4).normal(size=(2, 7, 36, 44)).astype(np.float32)
    expected = module(torch.from_numpy(x)).numpy()
    assert expected.std() > 0.05, "the outputs are to differ"
    found = lungrt.StageNetwork(bundle, "segmentation", engine=engine).run(x)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)
