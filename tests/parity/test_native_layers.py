"""Every layer of the native engine against eager, in float32 and float64, over both families."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import native_members as members
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

# Options of a U-Net, and rows and columns less the halo, in multiples of what pooling divides.
UNETS: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "the book's": ({}, (7, 9)),
    "one level": ({"widths": (5,), "in_channels": 3}, (13, 11)),
    "one pixel": ({"widths": (4,), "in_channels": 3}, (1, 1)),
    "one pixel below": ({"widths": (3, 5, 17)}, (1, 1)),
    "two levels": ({"widths": (17, 33), "in_channels": 5}, (9, 21)),
    "four levels": ({"widths": (5, 17, 9, 33)}, (3, 5)),
    "five levels": ({"widths": (3, 2, 5, 4, 17)}, (2, 3)),
    "no context": ({"widths": (16, 8), "in_channels": 1}, (9, 13)),
    "two slices of context": ({"widths": (6, 8), "in_channels": 5}, (10, 7)),
    "four slices of context": ({"widths": (6, 8), "in_channels": 9}, (7, 10)),
    "more channels than a block": ({"widths": (5, 6), "in_channels": 17}, (6, 9)),
    "many more": ({"widths": (33, 6), "in_channels": 35}, (5, 6)),
    "bilinear": ({"widths": (5, 17, 33), "up_mode": "upsample"}, (5, 7)),
    "bilinear, one pixel below": ({"widths": (5, 7), "up_mode": "upsample"}, (1, 1)),
    "no batch norm": ({"widths": (16, 20), "batch_norm": False}, (9, 6)),
    "no input norm": ({"widths": (7, 16), "input_batch_norm": False}, (6, 9)),
    "neither": ({"widths": (5, 3), "batch_norm": False, "input_batch_norm": False}, (6, 6)),
    "max pooling": ({"widths": (5, 9, 16), "pooling": "max"}, (5, 6)),
    "leaky": ({"widths": (5, 17), "activation": "leaky_relu"}, (8, 5)),
    "two outputs": ({"widths": (5, 4), "out_channels": 2}, (6, 9)),
    "three outputs": ({"widths": (17, 4), "out_channels": 3}, (6, 9)),
    "four outputs": ({"widths": (33,), "out_channels": 4}, (11, 18)),
    "wide": ({"widths": (3, 4), "in_channels": 3}, (1, 90)),
    "high": ({"widths": (3, 4), "in_channels": 3}, (90, 1)),
    "large epsilon": ({"widths": (5, 6), "batch_norm_eps": 0.3}, (6, 5)),
    "pruned": (
        {"widths": (7, 19, 33), "convolution_widths": (5, 7, 18, 19, 21, 33, 17, 13, 15, 6, 9, 11)},
        (3, 5),
    ),
    "pruned, one level": ({"widths": (9,), "convolution_widths": (18, 9)}, (5, 6)),
    "pruned, bilinear": (
        {
            "widths": (3, 6),
            "convolution_widths": (17, 3, 5, 6, 18, 4, 20),
            "up_mode": "upsample",
            "batch_norm": False,
            "padding": False,
        },
        (5, 4),
    ),
    "unpadded, one level": ({"widths": (5,), "padding": False}, (9, 6)),
    "unpadded": ({"widths": (5, 9, 17), "padding": False}, (3, 4)),
    "unpadded, four levels": ({"widths": (3, 5, 4, 6), "padding": False}, (1, 2)),
    "unpadded, five levels": ({"widths": (2, 3, 2, 3, 5), "padding": False}, (1, 1)),
    "unpadded, bilinear": ({"widths": (5, 6), "padding": False, "up_mode": "upsample"}, (4, 7)),
    "unpadded, all else": (
        {
            "widths": (4, 17, 3),
            "in_channels": 19,
            "padding": False,
            "batch_norm": False,
            "pooling": "max",
            "activation": "leaky_relu",
            "out_channels": 3,
        },
        (2, 5),
    ),
}
CLASSIFIERS: dict[str, dict[str, Any]] = {
    "the book's, smaller": {"crop": (16, 24, 24)},
    "one channel": {"widths": (1,), "crop": (4, 9, 10)},
    "one voxel left": {"widths": (3, 5), "crop": (4, 4, 4)},
    "widths of at most half a block": {"widths": (8, 3, 1), "crop": (9, 18, 21)},
    "wider than half a block": {"widths": (9, 24), "crop": (6, 11, 13)},
    "narrower again": {"widths": (24, 8, 40), "crop": (8, 17, 24)},
    "many channels": {"widths": (40,), "crop": (5, 12, 7)},
    "five blocks": {"widths": (3, 9, 8, 24, 5), "crop": (33, 35, 34)},
    "odd crop": {"widths": (5, 7), "crop": (7, 13, 15)},
    "odd slices": {"widths": (8, 8), "crop": (5, 16, 16)},
    "flat": {"widths": (8,), "crop": (2, 31, 18)},
    "narrow": {"widths": (8, 9), "crop": (21, 4, 30)},
    "no tail norm": {"widths": (8, 16), "crop": (8, 12, 12), "tail_batch_norm": False},
    "leaky": {"widths": (8, 17), "crop": (6, 14, 9), "activation": "leaky_relu"},
    "three classes": {"widths": (3, 9), "crop": (9, 11, 12), "out_channels": 3},
    "large epsilon": {"widths": (4,), "crop": (4, 8, 8), "batch_norm_eps": 0.3},
}

Member = tuple[nn.Module, Path, members.Eager, NDArray[np.float32]]


@pytest.fixture(scope="module")
def member(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Member]:
    """Return a function that makes a member, its bundle and its eager layers, each once."""

    @cache
    def make(name: str) -> Member:
        module, item = _unet(name) if name in UNETS else _classifier(name)
        made = members.bundle(tmp_path_factory.mktemp("member"), module)
        return module, made, members.Eager.of(module, item), item

    return make


def _unet(name: str) -> tuple[nn.Module, NDArray[np.float32]]:
    options, size = UNETS[name]
    module = members.unet(1, **options)
    return module, _slice(module, *size, seed=2)


def _slice(module: Any, rows: int, columns: int, *, seed: int) -> NDArray[np.float32]:
    options = module.options
    height, width = (size * options.size_multiple + 2 * options.halo for size in (rows, columns))
    shape = (options.in_channels, height, width)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def _classifier(name: str) -> tuple[nn.Module, NDArray[np.float32]]:
    module = members.classifier(1, **CLASSIFIERS[name.removeprefix("3-D: ")])
    crop = np.random.default_rng(2).normal(size=module.options.crop)
    return module, crop.astype(np.float32)


def assert_layers(found: members.Arrays, eager: members.Eager, kernels: str) -> None:
    """Hold every layer's shape and values against eager."""
    for name, values in found.items():
        exact = eager.double[name]
        assert values.shape == exact.shape, name
        error = np.abs(values - exact).max()
        bound = eager.bound(name, kernels)
        assert error <= bound, f"{name}: {error:.3g} off, allowed {bound:.3g}"  # NaN is not


def expected_names(module: Any, kernels: str) -> set[str]:
    """Return which layers are to be found: all, but those computed together with the next one."""
    names = {name for name, _ in module.named_modules()}
    if "input_batchnorm" in names:
        last = 3 if module.options.batch_norm else 2
        blocks = [name for name in names if name.endswith(".block")]
        ups = {name for name in names if name.endswith(".up")}
        halves = {f"{block}.{half * last - 1}" for block in blocks for half in (1, 2)}
        return halves | ups | {"input_batchnorm", "output"}
    found = {"tail_batchnorm", "output"}
    size = module.options.crop
    for number, width in enumerate(module.options.widths, start=1):
        found |= {f"block{number}", f"block{number}.conv1"}
        pooled_at_once = kernels == "winograd" and width <= 8 and min(size[1:]) >= 5
        found |= set() if pooled_at_once else {f"block{number}.conv2"}
        size = tuple(length // 2 for length in size)
    return found


NAMES = [*UNETS, *(f"3-D: {name}" for name in CLASSIFIERS)]


@pytest.mark.parametrize("instruction_set", members.INSTRUCTION_SETS)
@pytest.mark.parametrize("kernels", members.KERNELS)
@pytest.mark.parametrize("name", NAMES)
def test_every_layer_is_eagers(
    name: str, kernels: str, instruction_set: str, member: Callable[[str], Member]
) -> None:
    options = members.options_or_skip(kernels, instruction_set)
    module, made, eager, item = member(name)
    found = members.native_layers(made, module, item, options)
    assert set(found) == expected_names(module, kernels)
    assert_layers(found, eager, kernels)


RANDOM = settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
ENGINE = st.fixed_dictionaries(
    {
        "kernels": st.sampled_from(members.KERNELS),
        "instruction_set": st.sampled_from(members.INSTRUCTION_SETS),
    }
)
CHANNELS = st.integers(1, 40)
ACTIVATIONS = st.sampled_from(["relu", "leaky_relu"])
UNET_OPTIONS = st.fixed_dictionaries(
    {
        "in_channels": st.integers(0, 10).map(lambda context: 2 * context + 1),
        "out_channels": st.integers(1, 4),
        "widths": st.lists(CHANNELS, min_size=1, max_size=5).map(tuple),
        "up_mode": st.sampled_from(["upconv", "upsample"]),
        "batch_norm": st.booleans(),
        "input_batch_norm": st.booleans(),
        "padding": st.booleans(),
        "pooling": st.sampled_from(["average", "max"]),
        "activation": ACTIVATIONS,
    }
)


@RANDOM
@given(options=UNET_OPTIONS, engine=ENGINE, seed=st.integers(0, 99), data=st.data())
def test_random_unets(
    tmp_path_factory: pytest.TempPathFactory,
    options: dict[str, Any],
    engine: dict[str, str],
    seed: int,
    data: st.DataObject,
) -> None:
    module = members.unet(seed, **options)
    sizes = st.integers(1, 1 + 36 // module.options.size_multiple)
    item = _slice(module, data.draw(sizes), data.draw(sizes), seed=seed)
    _check_random(tmp_path_factory.mktemp("random"), module, item, engine)


@RANDOM
@given(
    widths=st.lists(CHANNELS, min_size=1, max_size=4).map(tuple),
    more=st.tuples(*[st.integers(0, 13)] * 3),
    classes=st.integers(2, 3),
    tail_batch_norm=st.booleans(),
    activation=ACTIVATIONS,
    engine=ENGINE,
    seed=st.integers(0, 99),
)
def test_random_classifiers(
    tmp_path_factory: pytest.TempPathFactory,
    widths: tuple[int, ...],
    more: tuple[int, ...],
    classes: int,
    tail_batch_norm: bool,
    activation: str,
    engine: dict[str, str],
    seed: int,
) -> None:
    crop = tuple(2 ** len(widths) + size for size in more)
    module = members.classifier(
        seed,
        widths=widths,
        crop=crop,
        out_channels=classes,
        tail_batch_norm=tail_batch_norm,
        activation=activation,
    )
    item = np.random.default_rng(seed).normal(size=crop).astype(np.float32)
    _check_random(tmp_path_factory.mktemp("random"), module, item, engine)


def _check_random(
    folder: Path, module: nn.Module, item: NDArray[np.float32], engine: dict[str, str]
) -> None:
    if engine["instruction_set"] not in members.supported():
        engine = {**engine, "instruction_set": "auto"}
    found = members.native_layers(members.bundle(folder, module), module, item, engine)
    assert_layers(found, members.Eager.of(module, item), engine["kernels"])
