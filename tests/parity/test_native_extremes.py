"""The native engine with numbers that no trained network should have: nothing is hidden.

Winograd's transforms and unread lanes may make more NaN than eager has, around those that it has;
never fewer.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import native_members as members
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

UNETS: dict[str, dict[str, Any]] = {
    "U-Net": {"widths": (5, 17), "in_channels": 3},
    "U-Net, otherwise": {
        "widths": (5, 3),
        "in_channels": 17,
        "up_mode": "upsample",
        "pooling": "max",
        "activation": "leaky_relu",
        "out_channels": 3,
    },
}
CLASSIFIERS: dict[str, dict[str, Any]] = {
    "3-D": {"widths": (3, 9), "crop": (5, 12, 13)},
    "3-D, otherwise": {
        "widths": (17, 4),
        "crop": (6, 9, 8),
        "activation": "leaky_relu",
        "out_channels": 3,
    },
}
NAMES = [*UNETS, *CLASSIFIERS]
engines = pytest.mark.parametrize(
    ("kernels", "instruction_set"),
    [(kernels, name) for kernels in members.KERNELS for name in members.INSTRUCTION_SETS],
)


def make(name: str) -> tuple[nn.Module, NDArray[np.float32]]:
    if name in UNETS:
        module: Any = members.unet(3, **UNETS[name])
        shape = (module.options.in_channels, 10, 14)
    else:
        module = members.classifier(3, **CLASSIFIERS[name])
        shape = module.options.crop
    return module, np.random.default_rng(4).normal(size=shape).astype(np.float32)


def changed(module: nn.Module, tensor: str, value: float, where: slice | int) -> nn.Module:
    """Copy a module with some numbers of one tensor replaced."""
    result = copy.deepcopy(module)
    result.state_dict()[tensor].view(-1)[where] = value
    return result


def assert_nothing_hidden(found: members.Arrays, eager: members.Arrays, what: str) -> None:
    for name, values in found.items():
        hidden = np.isfinite(values) & ~np.isfinite(eager[name])
        assert not hidden.any(), (
            f"{what}: eager's {name} is not finite, and {hidden.sum()} here are"
        )
    # Between layers infinity will do where eager's interpolation makes NaN of it: zero times that.
    hidden = np.isnan(eager["output"]) & ~np.isnan(found["output"])
    assert not hidden.any(), f"{what}: {hidden.sum()} NaN are missing"


@dataclass(frozen=True)
class Damaged:
    what: str
    module: nn.Module
    bundle: Path
    eager: members.Arrays


@pytest.fixture(scope="module")
def damaged_members(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], list[Damaged]]:
    """Return a function that damages a member's tensors in turn, each once for all engines."""

    @cache
    def damage(name: str) -> list[Damaged]:
        module, item = make(name)
        result = []
        for tensor, values in module.state_dict().items():
            for value in (np.nan, np.inf, -np.inf) if values.is_floating_point() else ():
                damaged = changed(module, tensor, value, 0)
                made = members.bundle(tmp_path_factory.mktemp("damaged"), damaged)
                eager = members.Eager.of(damaged, item).single
                result.append(Damaged(f"{value} in {tensor}", damaged, made, eager))
        return result

    return damage


@engines
@pytest.mark.parametrize("name", NAMES)
def test_nan_and_infinity_in_any_tensor_show(
    name: str,
    kernels: str,
    instruction_set: str,
    damaged_members: Callable[[str], list[Damaged]],
) -> None:
    options = members.options_or_skip(kernels, instruction_set)
    _, item = make(name)
    damaged = damaged_members(name)
    for one in damaged:
        found = members.native_layers(one.bundle, one.module, item, options)
        assert_nothing_hidden(found, one.eager, one.what)
    spoilt = sum(np.isnan(one.eager["output"]).any() for one in damaged)
    assert spoilt > len(damaged) / 3, "the case is to have NaN come out"


@engines
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1e25, 1e38])
def test_weights_that_overflow_show(
    name: str, kernels: str, instruction_set: str, size: float, tmp_path: Path
) -> None:
    """What comes out is NaN.

    Of layers in between nothing can be asked: whether a sum of huge numbers of both signs ends as
    NaN or as an infinity, of which a ReLU makes zero, is up to the order of its terms.
    """
    options = members.options_or_skip(kernels, instruction_set)
    module, item = make(name)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter *= size
    assert np.isnan(members.Eager.of(module, item).single["output"]).all()
    found = members.native_layers(members.bundle(tmp_path / "b", module), module, item, options)
    assert np.isnan(found["output"]).all()


@engines
@pytest.mark.parametrize("name", NAMES)
def test_a_negative_variance_shows(
    name: str, kernels: str, instruction_set: str, tmp_path: Path
) -> None:
    options = members.options_or_skip(kernels, instruction_set)
    module, item = make(name)
    tensor = next(key for key in module.state_dict() if key.endswith("running_var"))
    damaged = changed(module, tensor, -1.0, slice(None))
    found = members.native_layers(members.bundle(tmp_path / "b", damaged), damaged, item, options)
    assert np.isnan(found["output"]).all()
    assert np.isnan(members.Eager.of(damaged, item).single["output"]).all()


Change = Callable[[nn.Module], None]


def all_scales_negative(module: nn.Module) -> None:
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d):
            layer.weight.abs_().neg_()


def large(module: nn.Module) -> None:
    """Layers of ten thousand times the size each, which the sigmoid then saturates."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d):
            layer.weight *= 1e4


def tiny(module: nn.Module) -> None:
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d):
            layer.weight *= 1e-6


def no_variance(module: nn.Module) -> None:
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d):
            layer.running_var.zero_()


@engines
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", [all_scales_negative, large, tiny, no_variance])
def test_unusual_and_finite_networks_are_eagers(
    name: str, change: Change, kernels: str, instruction_set: str, tmp_path: Path
) -> None:
    options = members.options_or_skip(kernels, instruction_set)
    module, item = make(name)
    with torch.no_grad():
        change(module)
    eager = members.Eager.of(module, item)
    found = members.native_layers(members.bundle(tmp_path / "b", module), module, item, options)
    for layer, values in found.items():
        error = np.abs(values - eager.double[layer]).max()
        assert error <= eager.bound(layer, kernels), layer


@engines
@pytest.mark.parametrize("name", NAMES)
def test_a_network_of_zeros_knows_nothing(
    name: str, kernels: str, instruction_set: str, tmp_path: Path
) -> None:
    options = members.options_or_skip(kernels, instruction_set)
    module, item = make(name)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    found = members.native_layers(members.bundle(tmp_path / "b", module), module, item, options)
    np.testing.assert_allclose(
        found["output"], members.Eager.of(module, item).double["output"], rtol=0, atol=1e-7
    )
