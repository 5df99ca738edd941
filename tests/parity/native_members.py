"""Members of both families for the native engine, and what their layers give eagerly.

Bundles here hold weights alone and are written without the comparisons of an export, which take a
second each.
"""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import lungrt
from lungrt.export.files import write_file
from lungrt.export.manifest import (
    FileEntry,
    InputEntry,
    Manifest,
    NetworkEntry,
    OutputEntry,
    StageEntry,
    Tolerance,
)
from lungrt.export.weights import to_weights
from lungrt.models import InputContract, LoadedNetwork
from lungrt.models.checkpoint import Checkpoint
from lungrt.models.classifier import Classifier3d, ClassifierOptions
from lungrt.models.unet import SegmentationUNet, UNetOptions

Arrays = dict[str, NDArray[Any]]

CLASSES = {2: ("non-nodule", "nodule"), 3: ("non-nodule", "benign", "malignant")}
INSTRUCTION_SETS = ("avx512", "avx512_intel", "avx2", "portable")
KERNELS = ("winograd", "direct")

ROUNDING = 2.0**-24  # the most that a float32 operation rounds, relatively
# How many times eager float32's own error the native engine's may be; see `Eager.bound`.
# Direct sums differ from eager's by the order of their terms alone: seen up to 3. Winograd's
# transforms multiply what is rounded by numbers of up to 5 and 8 along each axis, some ten times in
# all: seen up to 10.
FACTOR = {"direct": 4.0, "winograd": 16.0}


def unet(seed: int, **options: Any) -> SegmentationUNet:
    """Make a U-Net whose layers all give numbers near 1."""
    module = SegmentationUNet(UNetOptions(**options))
    _randomise(module, seed)
    return module.eval()


def classifier(seed: int, **options: Any) -> Classifier3d:
    """Make a classifier whose layers all give numbers near 1."""
    module = Classifier3d(ClassifierOptions(**options))
    _randomise(module, seed)
    return module.eval()


def _randomise(module: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)

    def uniform(tensor: Tensor, low: float, high: float) -> None:
        tensor.uniform_(low, high, generator=generator)

    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d):
                uniform(layer.weight, -1.5, 1.5)  # training leaves negative ones too
                uniform(layer.bias, -0.5, 0.5)
                uniform(layer.running_mean, -0.5, 0.5)
                uniform(layer.running_var, 0.2, 2)
            elif isinstance(layer, nn.ConvTranspose2d):
                uniform(layer.weight, *_bounds(layer.in_channels))
                uniform(layer.bias, -0.3, 0.3)
            elif isinstance(layer, nn.Conv2d | nn.Conv3d | nn.Linear):
                uniform(layer.weight, *_bounds(layer.weight[0].numel()))
                uniform(layer.bias, -0.3, 0.3)


def _bounds(terms: int) -> tuple[float, float]:
    """Return bounds of weights that keep the variance of what half of them see through a ReLU."""
    most = (6 / terms) ** 0.5
    return -most, most


def bundle(folder: Path, module: nn.Module) -> Path:
    """Write a bundle of one stage, of the module's weights alone."""
    is_unet = isinstance(module, SegmentationUNet)
    stage = "segmentation" if is_unet else "nodule"
    options = module.options
    contract = (
        InputContract(
            context_slices=options.context_slices,
            size_multiple=options.size_multiple,
            halo=options.halo,
        )
        if is_unet
        else InputContract(crop=options.crop)
    )
    classes = ("nodule",) if is_unet else CLASSES[options.out_channels]
    network = LoadedNetwork(
        module=module,
        architecture="unet" if is_unet else "classifier3d",
        options=asdict(options),
        inferred=(),
        checkpoint=Checkpoint(Path("made here"), "0" * 64, {}, {}),
        input=contract,
        output_kind="probability",
        classes=classes,
    )
    weights = write_file(folder, f"{stage}/weights.safetensors", to_weights(network))
    golden = FileEntry(f"{stage}/golden.safetensors", "0" * 64, 1)  # nobody reads it
    entry = NetworkEntry(
        network.architecture, network.options, [], "0" * 64, {}, {"safetensors": weights}, [golden]
    )
    tolerance = dict.fromkeys(("cpu", "cuda"), Tolerance(1e-3, 5e-4))
    described = StageEntry(
        InputEntry.of(contract), OutputEntry("probability"), classes, 0.5, tolerance, [entry]
    )
    manifest = Manifest("0", "2026-01-01T00:00:00+00:00", {stage: described})
    write_file(folder, "manifest.json", manifest.to_text().encode())
    return folder


def options_or_skip(kernels: str, instruction_set: str) -> dict[str, str]:
    """Return engine options; skips where the processor does not have the instruction set."""
    options = {"kernels": kernels, "instruction_set": instruction_set}
    if instruction_set not in supported():
        pytest.skip(f"this processor does not have {instruction_set}")
    return options


@cache
def supported() -> frozenset[str]:
    """Return the instruction sets that this processor has, as the engine itself says."""
    with TemporaryDirectory() as folder:
        made = bundle(Path(folder), unet(0, in_channels=1, widths=(1,)))
        one = np.zeros((1, 1, 1), np.float32)
        found = set()
        for name in INSTRUCTION_SETS:
            with suppress(lungrt.errors.DeviceUnavailable):
                options = {"instruction_set": name}
                lungrt.layer_outputs(made, "segmentation", one, engine_options=options)
                found.add(name)
    return frozenset(found)


def native_layers(
    made: Path, module: nn.Module, item: NDArray[np.float32], options: dict[str, str]
) -> Arrays:
    """Run a module's bundle by the native engine; the probabilities are the layer ``"output"``."""
    is_unet = isinstance(module, SegmentationUNet)
    stage = "segmentation" if is_unet else "nodule"
    found = dict(lungrt.layer_outputs(made, stage, item, engine_options=options))
    network = lungrt.StageNetwork(made, stage, engine="native", threads=1, engine_options=options)
    found["output"] = network.run(item[None] if is_unet else item[None, None])[0]
    return found


@dataclass(frozen=True)
class Eager:
    """What a module's layers and the module itself give for one item, in float32 and float64.

    `terms` is the number of products in the network's longest sum.
    """

    single: Arrays
    double: Arrays
    terms: int

    @classmethod
    def of(cls, module: nn.Module, item: NDArray[np.float32]) -> Eager:
        """Run a module; the probabilities are the layer ``"output"``."""
        return cls(
            _layers(module, torch.from_numpy(item)),
            _layers(copy.deepcopy(module).double(), torch.from_numpy(item).double()),
            max(weight[0].numel() for weight in module.parameters() if weight.ndim > 1),
        )

    def bound(self, name: str, kernels: str) -> float:
        """Return how far a layer by the native engine may be from the one in float64.

        Both it and eager float32 carry what the layers before rounded through the same network, so
        that eager's own error is the measure. To it comes what a sum of as many terms as the
        network's longest rounds by chance, the square root of their number: eager may be lucky.
        """
        exact = self.double[name]
        eager = np.abs(self.single[name] - exact).max()
        chance = ROUNDING * np.abs(exact).max() * self.terms**0.5
        return float(FACTOR[kernels] * (eager + chance))


def _layers(module: nn.Module, item: Tensor) -> Arrays:
    """Return every module's output by its name.

    A convolution of the 3-D family is followed by an activation that has one module for two of
    them; what its name stands for in `lungrt.layer_outputs` includes it.
    """
    found: Arrays = {}

    def keep(name: str, activation: nn.Module | None) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            kept = output[1] if isinstance(output, tuple) else output
            found[name] = (activation(kept) if activation else kept)[0].detach().numpy().copy()

        return hook

    handles = []
    for name, layer in module.named_modules():
        parent = module.get_submodule(name.rpartition(".")[0])
        activation = getattr(parent, "activation", None) if isinstance(layer, nn.Conv3d) else None
        handles.append(layer.register_forward_hook(keep(name or "output", activation)))
    with torch.no_grad():
        # A crop has one channel, which layer_outputs leaves out.
        module(item[None, None] if isinstance(module, Classifier3d) else item[None])
    for handle in handles:
        handle.remove()
    return found
