from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from lungrt.errors import InvalidArgument
from lungrt.training.settings import Settings, default_settings, setting_descriptions


def test_the_books_numbers() -> None:
    segmentation = default_settings("segmentation")
    assert (segmentation.batch, segmentation.optimizer, segmentation.lr) == (16, "adam", 0.001)
    assert (segmentation.patch, segmentation.window, segmentation.noise_hu) == (64, 96, 25)
    assert (segmentation.best_by, segmentation.false_negative_weight) == ("recall", 8)
    malignancy = default_settings("malignancy")
    assert (malignancy.batch, malignancy.samples_per_epoch, malignancy.lr) == (24, 100_000, 0.001)
    assert (malignancy.momentum, malignancy.weight_decay) == (0, 1e-4)
    head, two = (default_settings("malignancy", finetune_depth=depth) for depth in (1, 2))
    assert (head.epochs, two.epochs, head.lr) == (40, 10, 0.003)


def test_given_values_go_before_the_books() -> None:
    settings = default_settings("nodule", given={"lr": 0.1, "batch": None})
    assert (settings.lr, settings.batch) == (0.1, 24)


@pytest.mark.parametrize(
    ("task", "given", "message"),
    [
        ("lungs", {}, "task: expected one of"),
        ("nodule", {"learning_rate": 1}, r"unknown settings \['learning_rate'\]"),
        ("nodule", {"optimizer": "lion"}, "optimizer: expected one of"),
        ("nodule", {"average": "all"}, "average: expected one of"),
        ("nodule", {"best_by": "looks"}, "best_by: expected one of"),
        ("nodule", {"epochs": 0}, "epochs: expected at least 1"),
        ("nodule", {"noise_hu": -1.0}, "noise_hu: expected at least 0"),
        ("nodule", {"dropout": 1.0}, "dropout: expected at least 0 and below 1"),
        ("nodule", {"lr": 0.0}, "lr: expected a number above 0"),
        ("nodule", {"soft_labels": True}, "cannot be used for the task nodule: soft_labels"),
        ("segmentation", {"window": 32}, r"window: expected at least the patch \(64\)"),
        ("segmentation", {"background": 1.0}, "background: expected at least 0 and below 1"),
        ("nodule", {"background": 0.5}, "cannot be used for the task nodule: background"),
        ("segmentation", {"mask_margin": -1}, "mask_margin: expected at least 0"),
        (
            "nodule",
            {"mask_margin": 1, "off_center": 1, "cross_entropy_weight": 1.0},
            "for the task nodule: cross_entropy_weight, mask_margin, off_center",
        ),
        ("segmentation", {"best_by": "auc"}, "for the task segmentation: best_by auc"),
        ("segmentation", {"mixup": 0.1, "trait_weight": 0.1}, "mixup, trait_weight"),
    ],
)
def test_impossible_settings_are_named(task: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        default_settings(task, given=given)


def test_every_setting_is_described() -> None:
    """The help of `lungrt train` shows these texts."""
    texts = setting_descriptions()
    assert list(texts) == [field.name for field in fields(Settings)]
    assert all(text.endswith(".") and text[0].isupper() for text in texts.values())
    assert texts["lr"] == "Learning rate of the optimizer."


def test_settings_as_json() -> None:
    import json

    settings = default_settings("nodule", given={"widths": (4, 8)})
    again = json.loads(json.dumps(settings.to_json()))
    assert again == settings.to_json()
    assert isinstance(settings, Settings)
