from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungrt.training.crossvalidate import _rank_area, auc_interval
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
    assert _rank_area(wanted, score) == pytest.approx(area)


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


def test_interval_holds_the_area_and_is_as_wide_as_theory_says() -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(200) < 100
    score = generator.normal(size=200) + labels
    interval = auc_interval(labels, score, [str(n) for n in range(200)])
    assert interval.low < interval.value < interval.high
    # Hanley and McNeil's standard error.
    a = interval.value
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    error = math.sqrt((a * (1 - a) + 99 * (q1 - a * a) + 99 * (q2 - a * a)) / 100**2)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_a_patients_nodules_are_drawn_together() -> None:
    """The same nodule ten times over says no more than once."""
    generator = np.random.default_rng(0)
    labels = np.arange(40) < 20
    score = generator.normal(size=40) + labels
    names = np.array([str(n) for n in range(40)])
    once = auc_interval(labels, score, names)
    often = auc_interval(np.tile(labels, 10), np.tile(score, 10), np.tile(names, 10))
    assert often.low == pytest.approx(once.low, abs=0.02)
    assert often.high == pytest.approx(once.high, abs=0.02)
