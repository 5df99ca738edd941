"""The real nodule classifier becomes a malignancy classifier on real crops; quick settings.

The whole of it, with its results, is `docs/finetuning.md`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import lungrt
from lungrt.models import load_checkpoint, load_network
from lungrt.training.crossvalidate import cross_validate
from lungrt.training.data import DataSet, open_data
from lungrt.training.loop import run
from lungrt.training.session import Session
from lungrt.training.settings import Settings, default_settings


@pytest.fixture(scope="session")
def crops(reference: Path) -> DataSet:
    return open_data(reference / "crops")


def settings_of(depth: int) -> Settings:
    given = {"epochs": 1, "samples_per_epoch": 24, "optimizer": "adam", "lr": 0.001}
    return default_settings("malignancy", finetune_depth=depth, given=given)


@pytest.mark.parametrize("depth", [1, 2])
def test_frozen_blocks_are_equal_to_the_bit(
    crops: DataSet, nodule_checkpoint: Path, tmp_path: Path, depth: int
) -> None:
    checkpoint = load_checkpoint(nodule_checkpoint)
    judged = [sample for sample in crops.samples if sample.malignant is not None]
    session = Session(settings_of(depth), crops, judged, [], checkpoint=checkpoint)
    run(session, tmp_path / "mal.state")
    state = torch.load(tmp_path / "mal.state", weights_only=True)["model_state"]
    trained = ("head_linear.", "block4.")[:depth]
    for name, before in checkpoint.state.items():
        assert torch.equal(state[name], before) != name.startswith(trained), name


def test_cross_validation_beside_the_diameter(crops: DataSet, nodule_checkpoint: Path) -> None:
    scored = cross_validate(
        replace(settings_of(1), samples_per_epoch=4, batch=4),
        crops,
        folds=2,
        checkpoint=load_checkpoint(nodule_checkpoint),
    )
    assert len(scored.samples) == 93
    assert ((scored.p_malignant > 0) & (scored.p_malignant < 1)).all()
    assert scored.diameter_auc is not None
    assert scored.diameter_auc.value == pytest.approx(0.782, abs=0.001)
    assert scored.diameter_auc.low == pytest.approx(0.64, abs=0.02)
    assert scored.diameter_auc.high == pytest.approx(0.89, abs=0.02)


def test_result_is_a_third_stage(
    crops: DataSet,
    reference: Path,
    nodule_checkpoint: Path,
    tmp_path: Path,
) -> None:
    from lungrt.export import export_bundle

    others = crops.without_patients(["0"])  # 0 is LIDC-IDRI-0001 itself
    judged = [sample for sample in others.samples if sample.malignant is not None]
    assert len(judged) == 92
    session = Session(
        settings_of(2), others, judged, [], checkpoint=load_checkpoint(nodule_checkpoint)
    )
    run(session, tmp_path / "mal.state")
    bundle = tmp_path / "bundle"
    export_bundle(
        {
            "nodule": [load_network("nodule", nodule_checkpoint)],
            "malignancy": [load_network("malignancy", tmp_path / "mal.state")],
        },
        bundle,
        formats=("safetensors",),
    )
    volume = lungrt.read_ct(reference / "ct/LIDC-IDRI-0001")
    place = volume.geometry.to_index((56.2, 86.3, -115.9), "exact")
    candidate = lungrt.Candidate(place, (56.2, 86.3, -115.9), 1000.0, 12.0)
    (finding,) = lungrt.Pipeline(bundle, threads=1, profile="book").classify(volume, [candidate])
    assert finding.p_nodule > 0.99
    assert finding.p_malignant is not None
    eager = load_network("malignancy", tmp_path / "mal.state").module
    pipeline = lungrt.Pipeline(bundle, threads=1, profile="book")
    crop = torch.from_numpy(pipeline.nodule_input(volume, place))
    expected = eager(crop.view(1, 1, 32, 48, 48))[1][0, 1].item()
    assert finding.p_malignant == pytest.approx(expected, abs=1e-3)
