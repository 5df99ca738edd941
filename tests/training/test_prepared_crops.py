"""Crops that a training needs are cut series by series, so that each CT is read once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lungrt.training.classification_items import TrainingCrops
from lungrt.training.data import open_data, volumes
from lungrt.training.data.balance import balanced
from lungrt.training.segmentation_items import TrainingPatches
from lungrt.training.settings import Settings

Quick = Callable[..., Settings]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every CT that is read, in order."""
    read: list[str] = []
    real = volumes.read_ct

    def read_ct(path: Path) -> object:
        read.append(path.stem)
        return real(path)

    monkeypatch.setattr(volumes, "read_ct", read_ct)
    return read


def test_each_ct_is_read_once_for_classifiers(
    luna_folder: Path, tmp_path: Path, quick: Quick, reads: list[str]
) -> None:
    data = open_data(luna_folder, cache_folder=tmp_path / "cache")
    settings = quick("nodule", samples_per_epoch=40)
    items = TrainingCrops(data, balanced(data.samples, "nodule"), settings)
    for epoch in (1, 2):
        items.begin(epoch)
        for number in range(len(items)):
            items[number]
    assert len(reads) == len(set(reads)) == len(data.series)


def test_each_ct_is_read_once_for_segmentation(
    luna_folder: Path, tmp_path: Path, quick: Quick, reads: list[str]
) -> None:
    data = open_data(luna_folder, cache_folder=tmp_path / "cache")
    items = TrainingPatches(data, data.samples, quick("segmentation", samples_per_epoch=40))
    for epoch in (1, 2):
        items.begin(epoch)
        for number in range(len(items)):
            items[number]
    nodules = {sample.series_uid for sample in data.samples if sample.is_nodule}
    assert len(reads) == len(set(reads)) == len(nodules)


def test_nothing_is_cut_in_advance_that_would_not_be_kept(
    luna_folder: Path, quick: Quick, reads: list[str]
) -> None:
    data = open_data(luna_folder)
    TrainingPatches(data, data.samples, quick("segmentation")).begin(1)
    TrainingCrops(data, balanced(data.samples, "nodule"), quick("nodule")).begin(1)
    assert reads == []
