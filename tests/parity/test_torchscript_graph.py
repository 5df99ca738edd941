"""What the TorchScript engine rewrites when it loads an artifact, and what it must leave alone."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import eager_pipeline as eager
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

import lungrt
from lungrt.errors import InvalidArgument


class _Convolutions(nn.Module):
    """A crop to two probabilities, by way of a plain and a transposed convolution with ReLU."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.dtype = dtype
        self.plain = nn.Conv3d(1, 3, 3, padding=1, dtype=dtype)
        self.transposed = nn.ConvTranspose3d(3, 2, 2, stride=2, dtype=dtype)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(self.plain(x.to(self.dtype) / 1000))
        values = torch.relu(self.transposed(hidden)).mean(dim=(2, 3, 4))
        return values.softmax(dim=1).float()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch.jit, on purpose
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_convolutions_of_any_kind(dtype: torch.dtype, small_bundle: Path, tmp_path: Path) -> None:
    module = _Convolutions(dtype).eval()
    crops = torch.randn(5, 1, 6, 8, 8) * 500
    bundle = tmp_path / "bundle"
    shutil.copytree(small_bundle, bundle)
    artifact = bundle / "nodule" / "model.ts"
    with torch.no_grad():
        torch.jit.freeze(torch.jit.trace(module, crops)).save(artifact)
        expected = module(crops).numpy()
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    entry = manifest["stages"]["nodule"]["networks"][0]["artifacts"]["torchscript"]
    entry["sha256"] = hashlib.sha256(artifact.read_bytes()).hexdigest()
    entry["bytes"] = artifact.stat().st_size
    (bundle / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    network = lungrt.StageNetwork(bundle, "nodule", engine="torchscript")
    np.testing.assert_allclose(network.run(crops.numpy()), expected, rtol=0, atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_traced_graph_computes_in_its_own_order(
    small_bundle: Path, small_networks: eager.Networks
) -> None:
    channels = 2 * small_networks.segmentation[0].input.context_slices + 1
    image = np.random.default_rng(0).normal(0, 500, (1, channels, 64, 64)).astype(np.float32)

    def run(graph: str) -> NDArray[np.float32]:
        options = {"graph": graph}
        network = lungrt.StageNetwork(
            small_bundle, "segmentation", engine="torchscript", threads=1, engine_options=options
        )
        return network.run(image)

    module = torch.jit.load(small_bundle / "segmentation" / "model.ts")
    with torch.no_grad():
        traced = module(torch.from_numpy(image).contiguous(memory_format=torch.channels_last))
    np.testing.assert_allclose(run("traced"), traced.numpy(), rtol=0, atol=1e-5)
    np.testing.assert_allclose(run("rewritten"), traced.numpy(), rtol=0, atol=2.5e-4)
    assert not np.array_equal(run("traced"), run("rewritten"))


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ({"graph": "quick"}, "option graph=quick: expected one of rewritten, traced"),
        ({"memory_format": "nhwc"}, "option memory_format=nhwc: expected one of auto, contiguous"),
        ({"memory_format": "contiguous"}, "is for CUDA devices, but device cpu was requested"),
        (
            {"arena": "on"},
            "unknown option 'arena'; the options of this engine are graph=rewritten, traced; "
            "memory_format=auto, contiguous, channels_last",
        ),
    ],
)
def test_options_that_there_are_not(
    small_bundle: Path, option: dict[str, str], reason: str
) -> None:
    with pytest.raises(InvalidArgument, match=reason):
        lungrt.StageNetwork(small_bundle, "nodule", engine="torchscript", engine_options=option)
