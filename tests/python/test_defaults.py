"""The default models: they are installed, the commands use them, and they find nodules."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

import lungrt
from lungrt import defaults
from lungrt.cli.app import app
from lungrt.errors import Io
from lungrt.export.manifest import read_manifest
from lungrt.phantom import NodulePlan, Phantom, PhantomOptions, chest
from lungrt.phantom.luna16 import luna16_folder

STAGES = ["segmentation", "nodule", "malignancy"]

# As large as a real chest, as in training; no nodule is hidden.
SCAN = PhantomOptions(
    seed=31,
    shape=(133, 512, 512),
    nodules=(
        NodulePlan(16, shape="spiculated"),
        NodulePlan(12, attachment="chest-wall"),
        NodulePlan(8, shape="lobulated"),
        NodulePlan(7),
    ),
)


@pytest.fixture(scope="module")
def scan() -> Phantom:
    return chest(SCAN)


@pytest.fixture(scope="module")
def ct_file(scan: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantom") / "luna16"
    with luna16_folder(folder) as writer:
        writer.add(scan)
    (path,) = folder.glob("subset0/*.mhd")
    return path


def test_the_bundle_is_made_of_the_checkpoints() -> None:
    stages = read_manifest(lungrt.default_bundle()).stages
    checkpoints = lungrt.default_checkpoints()
    assert list(stages) == list(checkpoints) == STAGES
    for stage, path in checkpoints.items():
        (network,) = stages[stage].networks
        assert network.checkpoint_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_small_enough_to_be_packaged() -> None:
    folder = lungrt.default_bundle().parent
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 6e6


def test_the_card_says_what_they_are_for() -> None:
    card = (lungrt.default_bundle().parent / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "phantoms" in card
    assert "demonstration" in card
    for path in lungrt.default_checkpoints().values():
        assert hashlib.sha256(path.read_bytes()).hexdigest()[:16] in card


def test_diagnose_takes_them_and_says_so(ct_file: Path, scan: Phantom, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    result = CliRunner().invoke(app, ["diagnose", str(ct_file), "--output", str(report)])
    assert result.exit_code == 0, result.output
    assert defaults.NOTE in result.stdout
    found = json.loads(report.read_text())["nodules"]
    # At no more than 4 false marks per scan, as on the model card.
    most_likely = sorted(found, key=lambda mark: -mark["p_nodule"])[: len(scan.nodules) + 4]
    for planted in scan.nodules:
        distances = [math.dist(mark["center_mm"], planted.center_mm) for mark in most_likely]
        assert min(distances) < 0.7 * planted.diameter_mm, planted
    assert all(mark["p_malignant"] is not None for mark in found)


def test_export_takes_them_and_says_so(tmp_path: Path) -> None:
    arguments = ["export", "--output", str(tmp_path / "bundle"), "--formats", "safetensors"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert defaults.NOTE in result.stdout
    for stage in STAGES:
        name = f"{stage}/weights.safetensors"
        own = (tmp_path / "bundle" / name).read_bytes()
        assert own == (lungrt.default_bundle() / name).read_bytes()


def test_an_own_checkpoint_is_not_mixed_with_them(tmp_path: Path) -> None:
    nodule = str(lungrt.default_checkpoints()["nodule"])
    arguments = ["--nodule", nodule, "--output", str(tmp_path / "bundle")]
    result = CliRunner().invoke(app, ["export", *arguments, "--formats", "safetensors"])
    assert result.exit_code == 0, result.output
    assert defaults.NOTE not in result.stdout
    assert list(read_manifest(tmp_path / "bundle").stages) == ["nodule"]


def test_an_installation_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(defaults.util, "find_spec", lambda name: Elsewhere())
    with pytest.raises(Io, match="default models are not in this installation"):
        lungrt.default_bundle()
    with pytest.raises(Io, match=r"segmentation\.state is missing"):
        lungrt.default_checkpoints()
    monkeypatch.setattr(defaults.util, "find_spec", lambda name: None)
    with pytest.raises(Io, match="reinstall lungrt"):
        lungrt.default_bundle()
