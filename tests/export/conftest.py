"""Small networks of both families, and bundles of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from lungrt.export import Artifact, export_bundle, python_runners
from lungrt.export.manifest import read_manifest
from lungrt.export.parity import Run
from lungrt.models import Checkpoint, InputContract, LoadedNetwork, load_network
from lungrt.models.classifier import Classifier3d, ClassifierOptions
from lungrt.models.unet import SegmentationUNet, UNetOptions

CROP = (8, 12, 16)

Network = Callable[..., LoadedNetwork]


def _randomise(module: nn.Module, seed: int) -> None:
    """Give weights such as training leaves: outputs are neither 0 nor 1 throughout."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        noise = torch.randn(tensor.shape, generator=generator)
        if name in ("input_batchnorm.running_var", "tail_batchnorm.running_var"):
            tensor.copy_(200_000 + 3_000 * noise)  # Hounsfield units squared
        elif name.endswith("running_var"):
            tensor.copy_(1 + noise.abs())
        elif tensor.ndim == 1:
            tensor.copy_(float(name.endswith("weight")) + 0.3 * noise)
        elif tensor.ndim > 1:
            tensor.copy_(noise * (2 / tensor[0].numel()) ** 0.5)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small gain nothing from threads, and lose much beside other work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that saves a small network's checkpoint: of a stage, options, a seed."""
    folder = tmp_path_factory.mktemp("checkpoints")

    def save(stage: str, *, seed: int = 0, **options: Any) -> Path:
        module: nn.Module
        if stage == "segmentation":
            module = SegmentationUNet(UNetOptions(**{"widths": (3, 5), **options}))
        else:
            module = Classifier3d(ClassifierOptions(**{"widths": (2, 4), "crop": CROP, **options}))
        _randomise(module, seed)
        path = folder / f"{stage}-{len(list(folder.iterdir()))}.state"
        torch.save({"model_state": module.state_dict(), "epoch": seed}, path)
        return path

    return save


@pytest.fixture(scope="session")
def network(checkpoint: Callable[..., Path]) -> Network:
    """Return a function that loads a small network of a stage, with options and a seed."""

    def load(stage: str, *, seed: int = 0, **options: Any) -> LoadedNetwork:
        path = checkpoint(stage, seed=seed, **options)
        named = {**({} if stage == "segmentation" else {"crop": CROP}), **options}
        return load_network(stage, path, options=named)

    return load


@pytest.fixture(scope="session")
def custom() -> Network:
    """Return a function that presents a module as a loaded network."""

    def present(
        module: nn.Module,
        contract: InputContract,
        *,
        output_kind: str = "probability",
        classes: tuple[str, ...] = ("nodule",),
    ) -> LoadedNetwork:
        checkpoint = Checkpoint(Path("own.state"), "0" * 64, {}, {})
        name = f"tests:{type(module).__name__}"
        return LoadedNetwork(
            module, name, {}, (), checkpoint, contract, output_kind, tuple(classes)
        )

    return present


@pytest.fixture(scope="session")
def open_artifact() -> Callable[..., Run]:
    """Return a function that opens a network of a bundle: of a stage, in a format, a member."""

    def open_one(bundle: Path, stage: str, format_: str, member: int = 0) -> Run:
        entry = read_manifest(bundle).stages[stage]
        path = bundle / entry.networks[member].artifacts[format_].file
        (runner,) = (r for r in python_runners().values() if r.format == format_)
        return runner.open(
            Artifact(bundle, stage, member, path, entry.input.name, entry.output.name)
        )

    return open_one


@pytest.fixture(scope="session")
def _exported(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    stages = {"segmentation": [network("segmentation")], "nodule": [network("nodule")]}
    return export_bundle(stages, tmp_path_factory.mktemp("exported") / "bundle").bundle


@pytest.fixture
def bundle(_exported: Path, tmp_path: Path) -> Path:
    """Return a bundle of two small networks in every format; the test may spoil it."""
    return Path(shutil.copytree(_exported, tmp_path / "bundle"))
