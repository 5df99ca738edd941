from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungrt.training.scores import (
    Predictions,
    area_under_curve,
    classification_scores,
    segmentation_scores,
)


def predictions(positive: list[float], labels: list[int]) -> Predictions:
    p = np.array(positive, np.float32)
    return Predictions(
        np.stack([1 - p, p], axis=1),
        np.array(labels),
        np.arange(len(p), dtype=np.float32),
        ("benign", "malignant"),
    )


def test_scores_by_hand() -> None:
    scores = classification_scores(predictions([0.9, 0.2, 0.6, 0.1], [1, 1, 0, 0]))
    assert scores["correct/all"] == 0.5
    assert (scores["correct/benign"], scores["correct/malignant"]) == (0.5, 0.5)
    assert (scores["loss/benign"], scores["loss/malignant"]) == (2.5, 0.5)
    assert (scores["pr/precision"], scores["pr/recall"], scores["pr/f1"]) == (0.5, 0.5, 0.5)
    assert scores["auc"] == 0.75


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_area_is_the_share_of_pairs_in_order(items: list[tuple[int, bool]]) -> None:
    score = np.array([s for s, _ in items], float)
    wanted = np.array([w for _, w in items])
    area = area_under_curve(wanted, score)
    if wanted.all() or not wanted.any():
        assert math.isnan(area)
        return
    differences = score[wanted][:, None] - score[~wanted][None]
    assert area == pytest.approx(np.mean((differences > 0) + 0.5 * (differences == 0)))


def test_missing_class_is_no_number_and_no_error() -> None:
    scores = classification_scores(predictions([0.2, 0.3], [0, 0]))
    assert math.isnan(scores["auc"])
    assert math.isnan(scores["correct/malignant"])
    assert math.isnan(scores["pr/recall"])
    assert scores["correct/benign"] == 1


def test_three_classes() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]], np.float32)
    classes = ("non-nodule", "benign", "malignant")
    found = Predictions(probabilities, np.array([0, 1, 2]), np.zeros(3, np.float32), classes)
    scores = classification_scores(found)
    assert (scores["correct/all"], scores["auc"], scores["auc_nodule"]) == (1, 1, 1)


def test_pixels_by_hand() -> None:
    scores = segmentation_scores([0.5, 0.7], tp=6, fp=3, fn=2)
    assert scores["loss/all"] == pytest.approx(0.6)
    assert scores["pr/precision"] == pytest.approx(2 / 3)
    assert scores["pr/recall"] == 0.75
    assert scores["percent_of_marked/false"] == 37.5
