"""Choosing the architecture of a stage, and checkpoints given for the wrong one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lungrt.errors import CheckpointMismatch, InvalidArgument
from lungrt.models import InputContract, load_network
from lungrt.models.classifier import Classifier3d, ClassifierOptions
from lungrt.models.unet import SegmentationUNet, UNetOptions

Save = Callable[[object], Path]


@pytest.fixture
def unet_file(save: Save) -> Path:
    return save(SegmentationUNet(UNetOptions(widths=(2, 2))).state_dict())


@pytest.fixture
def classifier_file(save: Save) -> Path:
    return save(Classifier3d(ClassifierOptions(widths=(2, 2, 2, 2))).state_dict())


def test_classifier_given_as_segmentation(classifier_file: Path) -> None:
    with pytest.raises(CheckpointMismatch) as caught:
        load_network("segmentation", classifier_file)
    first, *rest = str(caught.value).splitlines()
    assert first.endswith(
        "as segmentation: this is a 3-D classifier, not a segmentation U-Net; "
        "use it for the nodule or malignancy stage"
    )
    assert any("block1.conv1.weight [2, 1, 3, 3, 3]" in line for line in rest)


@pytest.mark.parametrize("stage", ["nodule", "malignancy"])
def test_segmentation_given_as_classifier(unet_file: Path, stage: str) -> None:
    with pytest.raises(CheckpointMismatch) as caught:
        load_network(stage, unet_file)
    first, *rest = str(caught.value).splitlines()
    assert first.endswith(
        f"as {stage}: this is a segmentation U-Net, not a 3-D classifier; "
        "use it for the segmentation stage"
    )
    assert any("unet.last.weight [1, 2, 1, 1]" in line for line in rest)


@pytest.mark.parametrize("stage", ["segmentation", "nodule"])
def test_checkpoint_of_neither_family(save: Save, stage: str) -> None:
    path = save({"layer1.conv.weight": torch.ones(2, 2)})
    with pytest.raises(CheckpointMismatch) as caught:
        load_network(stage, path)
    text = str(caught.value)
    assert "rename the tensors with key_map" in text.splitlines()[0]
    assert "unexpected (1):\n    layer1.conv.weight [2, 2]" in text


def test_unknown_stage(unet_file: Path) -> None:
    with pytest.raises(InvalidArgument, match="unknown stage 'segment'; expected one of"):
        load_network("segment", unet_file)


@pytest.mark.parametrize(
    ("stage", "arch"),
    [("segmentation", "classifier3d"), ("nodule", "unet"), ("malignancy", "unet")],
)
def test_family_of_another_stage(unet_file: Path, stage: str, arch: str) -> None:
    with pytest.raises(InvalidArgument, match=f"'{arch}' cannot be used for the {stage} stage"):
        load_network(stage, unet_file, arch=arch)


def test_family_may_be_named(unet_file: Path) -> None:
    assert load_network("segmentation", unet_file, arch="unet").architecture == "unet"


@pytest.mark.parametrize("fields", [{}, {"context_slices": 3, "crop": (1, 2, 3)}])
def test_contract_is_for_one_kind_of_stage(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidArgument, match=r"exactly one of context_slices .* and crop"):
        InputContract(**fields)  # type: ignore[arg-type]
