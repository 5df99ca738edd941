"""Architectures of a user's own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import util
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import torch

from lungrt.errors import CheckpointMismatch, InvalidArgument
from lungrt.models import custom, load_network

Save = Callable[[object], Path]

MODULE = "lungrt_test_architectures"
SEGMENTATION = {"channels": 3, "contract": {"context_slices": 1}}


@pytest.fixture(autouse=True)
def _importable() -> Iterator[None]:
    spec = util.spec_from_file_location(MODULE, Path(__file__).with_name("architectures.py"))
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[MODULE] = module
    spec.loader.exec_module(module)
    yield
    del sys.modules[MODULE]


@pytest.fixture
def weights(save: Save) -> Path:
    return save({"conv.weight": torch.ones(1, 3, 1, 1), "conv.bias": torch.zeros(1)})


def test_class_by_name(weights: Path) -> None:
    options = {
        "channels": 3,
        "slope": 0.5,
        "contract": {
            "context_slices": 1,
            "size_multiple": 8,
            "halo": 2,
            "hu_window": [-600, 600],
            "scale": 0.01,
            "offset": 1,
        },
    }
    network = load_network("segmentation", weights, arch=f"{MODULE}:Thresholder", options=options)
    assert network.architecture == f"{MODULE}:Thresholder"
    assert network.options == {"channels": 3, "slope": 0.5}
    assert network.inferred == ()
    assert network.classes == ("nodule",)
    assert network.output_kind == "probability"
    assert network.input.context_slices == 1
    assert (network.input.size_multiple, network.input.halo) == (8, 2)
    assert network.input.hu_window == (-600.0, 600.0)
    assert (network.input.scale, network.input.offset) == (0.01, 1.0)
    assert not network.module.training
    assert all(not parameter.requires_grad for parameter in network.module.parameters())
    expected = torch.sigmoid(torch.full((1, 1, 2, 2), 1.5))
    assert torch.equal(network.module(torch.ones(1, 3, 2, 2)), expected)


def test_classifier_with_logits_and_three_classes(save: Save) -> None:
    path = save({"head.weight": torch.ones(2, 1), "head.bias": torch.zeros(2)})
    contract = {"crop": [8, 9, 10], "output_kind": "logits"}
    network = load_network("nodule", path, arch=f"{MODULE}:Mean", options={"contract": contract})
    assert network.input.crop == (8, 9, 10)
    assert network.output_kind == "logits"
    assert network.classes == ("non-nodule", "nodule")
    contract["classes"] = ["non-nodule", "benign", "malignant"]
    network = load_network("nodule", path, arch=f"{MODULE}:Mean", options={"contract": contract})
    assert network.classes == ("non-nodule", "benign", "malignant")


def test_registered_entry_point(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("thresholder", f"{MODULE}:Thresholder", custom.ENTRY_POINT_GROUP)

    def entry_points(*, group: str) -> list[EntryPoint]:
        return [point] if group == "lungrt.architectures" else []

    monkeypatch.setattr(custom, "entry_points", entry_points)
    network = load_network("segmentation", weights, arch="thresholder", options=SEGMENTATION)
    assert network.architecture == f"{MODULE}:Thresholder"
    with pytest.raises(InvalidArgument, match=r"installed package registers \(thresholder\)"):
        load_network("segmentation", weights, arch="threshold", options=SEGMENTATION)


def test_mismatch_lists_everything(save: Save) -> None:
    path = save({"conv.weight": torch.ones(1, 5, 1, 1), "other": torch.zeros(1)})
    with pytest.raises(CheckpointMismatch) as caught:
        load_network("segmentation", path, arch=f"{MODULE}:Thresholder", options=SEGMENTATION)
    text = str(caught.value)
    assert f"does not fit the architecture {MODULE}:Thresholder" in text
    assert "missing (1):\n    conv.bias [1]" in text
    assert "unexpected (1):\n    other [1]" in text
    assert "conv.weight: found [1, 5, 1, 1], expected [1, 3, 1, 1]" in text


@pytest.mark.parametrize(
    ("arch", "options", "message"),
    [
        ("resnet", {}, "unknown architecture 'resnet'; expected unet"),
        ("no_such_package:Net", {}, "cannot be imported .*No module named 'no_such_package'"),
        (f"{MODULE}:Nothing", {}, "cannot be imported .*Nothing"),
        (f"{MODULE}:constant", {}, "is a int, not a class"),
        (f"{MODULE}:not_a_module", {}, "returned a int; expected a torch.nn.Module"),
        (f"{MODULE}:Thresholder", {}, "cannot be constructed with .*'channels'"),
        (f"{MODULE}:Thresholder", {"channels": 3, "slop": 1}, "cannot be constructed .*'slop'"),
    ],
)
def test_class_that_cannot_be_used(
    weights: Path, arch: str, options: dict[str, Any], message: str
) -> None:
    options = {"contract": {"context_slices": 1}, **options}
    with pytest.raises(InvalidArgument, match=message):
        load_network("segmentation", weights, arch=arch, options=options)


@pytest.mark.parametrize(
    ("contract", "message"),
    [
        (None, "'context_slices' is missing"),
        (3, "contract: expected an object of names and values"),
        ({"context_slices": 1, "crop": [1, 1, 1]}, r"unknown options \['crop'\]"),
        ({"context_slices": -1}, "context_slices: expected a whole number"),
        ({"context_slices": 1, "halo": -1}, "halo: expected a whole number"),
        ({"context_slices": 1, "size_multiple": 0}, "size_multiple: expected a whole number"),
        ({"context_slices": 1, "output_kind": "score"}, "output_kind: expected one of"),
        ({"context_slices": 1, "classes": "nodule"}, "classes: expected a list of names"),
        ({"context_slices": 1, "classes": ["a", "b"]}, r"classes of segmentation: expected 1"),
    ],
)
def test_contract_that_cannot_be_used(weights: Path, contract: Any, message: str) -> None:
    options = {"channels": 3} if contract is None else {"channels": 3, "contract": contract}
    with pytest.raises(InvalidArgument, match=message):
        load_network("segmentation", weights, arch=f"{MODULE}:Thresholder", options=options)
