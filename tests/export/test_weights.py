"""Weights alone: what is in the file, what is built of it, and for which networks."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import nn

from lungrt.errors import InvalidArgument
from lungrt.export import export_bundle
from lungrt.export.goldens import golden_inputs
from lungrt.export.manifest import InputEntry, read_manifest
from lungrt.export.network import SingleOutput, run_eager
from lungrt.export.weights import open_weights, to_weights, why_not
from lungrt.models import InputContract, LoadedNetwork, load_network

Network = Callable[..., LoadedNetwork]

UNETS: dict[str, dict[str, Any]] = {
    "the book's": {},
    "uneven widths": {"widths": (3, 7, 4), "in_channels": 5},
    "one level": {"widths": (4,)},
    "bilinear": {"up_mode": "upsample"},
    "no batch norm": {"batch_norm": False, "input_batch_norm": False},
    "unpadded": {"padding": False, "in_channels": 3},
    "unpadded, four levels": {"padding": False, "in_channels": 1, "widths": (2, 3, 2, 3)},
    "three classes": {"out_channels": 3},
    "leaky": {"activation": "leaky_relu", "pooling": "max", "batch_norm_eps": 1e-3},
}
CLASSIFIERS: dict[str, dict[str, Any]] = {
    "the book's": {},
    "uneven widths": {"widths": (3, 5, 2)},
    "no batch norm": {"tail_batch_norm": False},
    "three classes": {"out_channels": 3},
    "leaky": {"activation": "leaky_relu", "batch_norm_eps": 0.5},
    "odd crop": {"crop": [9, 13, 15]},
}
MEMBERS = [
    *(
        pytest.param("segmentation", options, id=f"U-Net, {name}")
        for name, options in UNETS.items()
    ),
    *(pytest.param("nodule", options, id=f"3-D, {name}") for name, options in CLASSIFIERS.items()),
]


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _description(data: bytes) -> dict[str, str]:
    (length,) = struct.unpack("<Q", data[:8])
    description: dict[str, str] = json.loads(data[8 : 8 + length])["__metadata__"]
    return description


class TestRoundTrip:
    @pytest.mark.parametrize(("stage", "options"), MEMBERS)
    def test_is_eager_to_the_bit(
        self, network: Network, tmp_path: Path, stage: str, options: dict[str, Any]
    ) -> None:
        loaded = network(stage, **options)
        rebuilt = open_weights(_write(tmp_path / "w", to_weights(loaded)))
        assert type(rebuilt) is type(loaded.module)
        assert not rebuilt.training
        assert not any(parameter.requires_grad for parameter in rebuilt.parameters())
        for x in golden_inputs(InputEntry.of(loaded.input)):
            np.testing.assert_array_equal(
                run_eager(SingleOutput(rebuilt), x), run_eager(SingleOutput(loaded.module), x)
            )

    @pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
    def test_layout_in_memory_does_not_matter(
        self, network: Network, layout: torch.memory_format
    ) -> None:
        loaded = network("segmentation", in_channels=3)
        module = copy.deepcopy(loaded.module).to(memory_format=layout)
        assert to_weights(replace(loaded, module=module)) == to_weights(loaded)

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
    def test_a_checkpoint_in_another_precision_is_one_of_float32(
        self, network: Network, tmp_path: Path, dtype: torch.dtype
    ) -> None:
        state = {
            name: tensor.to(dtype) if tensor.is_floating_point() else tensor
            for name, tensor in network("nodule").module.state_dict().items()
        }
        path = tmp_path / "other.state"
        torch.save(state, path)
        loaded = load_network("nodule", path, options={"crop": [8, 12, 16]})
        rebuilt = open_weights(_write(tmp_path / "w", to_weights(loaded)))
        for name, tensor in rebuilt.state_dict().items():
            if tensor.is_floating_point():
                assert tensor.dtype == torch.float32
                assert torch.equal(tensor, state[name].to(torch.float32))

    def test_whatever_torch_makes_by_default(self, network: Network, tmp_path: Path) -> None:
        path = _write(tmp_path / "w", to_weights(network("nodule")))
        torch.set_default_dtype(torch.float64)
        try:
            parameters = list(open_weights(path).parameters())
        finally:
            torch.set_default_dtype(torch.float32)
        assert all(parameter.dtype == torch.float32 for parameter in parameters)


class TestContent:
    @pytest.mark.parametrize("stage", ["segmentation", "nodule"])
    def test_names_values_and_description(
        self, network: Network, tmp_path: Path, stage: str
    ) -> None:
        loaded = network(stage)
        path = _write(tmp_path / "w", to_weights(loaded))
        with safe_open(path, "pt") as file:
            described = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        assert json.loads(described.pop("lungrt.options")) == loaded.options
        assert described == {
            "format": "lungrt-weights",
            "format_version": "1",
            "lungrt.architecture": loaded.architecture,
        }
        state = loaded.module.state_dict()
        assert set(tensors) == {n for n in state if not n.endswith("num_batches_tracked")}
        assert all(torch.equal(tensor, state[name]) for name, tensor in tensors.items())
        assert {tensor.dtype for tensor in tensors.values()} == {torch.float32}

    def test_every_option_is_there(self, network: Network) -> None:
        described = _description(to_weights(network("segmentation", pooling="max")))
        options = json.loads(described["lungrt.options"])
        assert options == {
            "in_channels": 7,
            "out_channels": 1,
            "widths": [3, 5],
            "up_mode": "upconv",
            "batch_norm": True,
            "input_batch_norm": True,
            "padding": True,
            "pooling": "max",
            "activation": "relu",
            "batch_norm_eps": 1e-05,
        }

    def test_values_are_aligned(self, network: Network) -> None:
        for width in range(1, 9):
            data = to_weights(network("nodule", widths=(width,)))
            assert struct.unpack("<Q", data[:8])[0] % 8 == 0

    def test_the_same_bytes_every_time(self, network: Network, tmp_path: Path) -> None:
        path = tmp_path / "net.state"
        torch.save(network("segmentation").module.state_dict(), path)
        networks = [load_network("segmentation", path) for _ in range(2)]
        first, second = map(to_weights, networks)
        assert first == second

    def test_lies_in_a_bundle(self, bundle: Path) -> None:
        for stage in ("segmentation", "nodule"):
            (network,) = read_manifest(bundle).stages[stage].networks
            file = network.artifacts["safetensors"]
            assert file.file == f"{stage}/weights.safetensors"
            described = _description((bundle / file.file).read_bytes())
            assert described["lungrt.architecture"] == network.architecture
            assert json.loads(described["lungrt.options"]) == network.options


class TestWhichNetworks:
    @pytest.fixture
    def own(self, custom: Network) -> LoadedNetwork:
        module = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Sigmoid()).eval().requires_grad_(False)
        return custom(module, InputContract(context_slices=0, scale=0.001))

    def test_another_architecture_goes_without(self, own: LoadedNetwork, tmp_path: Path) -> None:
        result = export_bundle({"segmentation": [own]}, tmp_path / "b")
        (network,) = result.manifest.stages["segmentation"].networks
        assert list(network.artifacts) == ["torchscript", "onnx"]
        (reason,) = result.left_out
        assert reason == (
            "own.state as segmentation: cannot be written as safetensors: this format stores only "
            "weights, so it supports only the architectures unet and classifier3d, not "
            "tests:Sequential"
        )

    def test_unless_it_was_asked_for(self, own: LoadedNetwork, tmp_path: Path) -> None:
        with pytest.raises(InvalidArgument, match=r"tests:Sequential; leave this format out$"):
            export_bundle({"segmentation": [own]}, tmp_path / "b", formats=["safetensors"])
        assert not list(tmp_path.iterdir())

    def test_beside_another_in_an_ensemble(
        self, network: Network, own: LoadedNetwork, tmp_path: Path
    ) -> None:
        contract = InputContract(context_slices=0, size_multiple=2)
        family = network("segmentation", in_channels=1)
        assert family.input == contract
        steps: list[tuple[int, int]] = []
        result = export_bundle(
            {"segmentation": [replace(own, input=contract), family]},
            tmp_path / "b",
            progress=lambda stage, done, total: steps.append((done, total)),
        )
        artifacts = [n.artifacts for n in result.manifest.stages["segmentation"].networks]
        assert ["safetensors" in one for one in artifacts] == [False, True]
        assert steps == [(done, 14) for done in range(15)]
        assert len(result.left_out) == 1

    def test_alone(self, network: Network, tmp_path: Path) -> None:
        result = export_bundle(
            {"nodule": [network("nodule")]}, tmp_path / "b", formats=["safetensors"]
        )
        assert result.left_out == []
        assert {row.runtime for row in result.rows} == {"weights"}
        assert all(row.comparison and row.comparison.max_absolute == 0 for row in result.rows)

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
    def test_not_in_another_precision(self, network: Network, dtype: torch.dtype) -> None:
        loaded = network("nodule")
        loaded = replace(loaded, module=copy.deepcopy(loaded.module).to(dtype))
        name = str(dtype).removeprefix("torch.")
        assert why_not(loaded) == (
            f"this format stores only float32, but the network has tensors of type {name}"
        )
        with pytest.raises(
            InvalidArgument, match=f"safetensors: this format stores only .* type {name}"
        ):
            to_weights(loaded)


@pytest.mark.parametrize("stage", ["segmentation", "nodule"])
def test_real_checkpoints(stage: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    loaded = load_network(stage, request.getfixturevalue(f"{stage}_checkpoint"))
    data = to_weights(loaded)
    rebuilt = SingleOutput(open_weights(_write(tmp_path / "w", data)))
    x = golden_inputs(InputEntry.of(loaded.input))[1]
    np.testing.assert_array_equal(run_eager(rebuilt, x), run_eager(SingleOutput(loaded.module), x))
