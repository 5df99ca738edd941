"""The book's trained networks as a bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lungrt.export import export_bundle, verify_bundle
from lungrt.export.goldens import read_goldens
from lungrt.export.network import SingleOutput, run_eager
from lungrt.export.parity import Run
from lungrt.export.phantom import lung_patch
from lungrt.models import LoadedNetwork, load_network


@pytest.fixture(scope="module")
def networks(
    segmentation_checkpoint: Path, nodule_checkpoint: Path
) -> dict[str, list[LoadedNetwork]]:
    return {
        "segmentation": [load_network("segmentation", segmentation_checkpoint)],
        "nodule": [load_network("nodule", nodule_checkpoint)],
    }


@pytest.fixture(scope="module")
def exported(
    networks: dict[str, list[LoadedNetwork]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return export_bundle(networks, tmp_path_factory.mktemp("real") / "bundle").bundle


def test_goldens_hold_everywhere(exported: Path) -> None:
    rows = verify_bundle(exported)
    assert {(row.stage, row.runtime) for row in rows} == {
        (stage, runtime)
        for stage in ("segmentation", "nodule")
        for runtime in ("torch", "onnxruntime", "weights")
    }
    assert [row for row in rows if row.failed or row.skipped] == []


@pytest.mark.parametrize(("stage", "least"), [("segmentation", 0.02), ("nodule", 0.2)])
def test_goldens_ask_for_both_decisions(exported: Path, stage: str, least: float) -> None:
    goldens = read_goldens(exported / stage / "golden.safetensors")
    p = np.concatenate([golden.output[:, -1].ravel() for golden in goldens])
    assert least < (p > 0.5).mean() < 1 - least


def test_a_whole_slice(
    exported: Path,
    networks: dict[str, list[LoadedNetwork]],
    open_artifact: Callable[..., Run],
) -> None:
    hu = lung_patch((7, 512, 512), np.random.default_rng(3))
    x = hu.clip(-1000, 1000)[None]
    eager = run_eager(SingleOutput(networks["segmentation"][0].module), x)
    for format_ in ("torchscript", "onnx", "safetensors"):
        actual = open_artifact(exported, "segmentation", format_)(x)
        assert np.abs(actual - eager).max() < 1e-3
        assert np.array_equal(actual > 0.5, eager > 0.5)


def test_holds_no_paths(exported: Path, segmentation_checkpoint: Path) -> None:
    folders = [Path(torch.__file__).parent, segmentation_checkpoint.parent, exported.parent]
    for path in filter(Path.is_file, exported.rglob("*")):
        data = path.read_bytes()
        for secret in [*map(str, folders), "unet.py", "classifier.py", "network.py"]:
            assert secret.encode() not in data, (path, secret)
