"""Intervals against resamples made by hand, and against theory."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lungrt.statistics import percentile_interval, resampled_aucs, wilson_interval


def interval(
    labels: np.ndarray, score: np.ndarray, names: list[str], *, seed: int = 0
) -> tuple[float, float]:
    (drawn,) = resampled_aucs(labels, [score], names, bootstraps=2000, seed=seed)
    found = percentile_interval(drawn)
    assert found is not None
    return found


def test_aucs_are_those_of_resamples_made_by_hand() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(3)
    truth = generator.random(30) < 0.4
    scores = [generator.integers(0, 8, 30) + 2.0 * truth, generator.normal(size=30)]
    groups = generator.integers(0, 12, 30).astype(str)
    found = resampled_aucs(truth, scores, groups, bootstraps=150, seed=5)
    names = np.unique(groups)
    again = np.random.default_rng(5)
    members = [
        np.concatenate([np.flatnonzero(groups == names[k]) for k in drawn])
        for drawn in again.integers(0, len(names), (150, len(names)))
    ]
    both = [own for own in members if 0 < truth[own].sum() < len(own)]
    for aucs, score in zip(found, scores, strict=True):
        by_hand = [metrics.roc_auc_score(truth[own], score[own]) for own in both]
        assert aucs == pytest.approx(np.array(by_hand), abs=1e-12)
    assert percentile_interval(found[0]) == pytest.approx(np.percentile(found[0], [2.5, 97.5]))


def test_interval_is_as_wide_as_theory_says() -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(200) < 100
    score = generator.normal(size=200) + labels
    a = float(np.mean(score[labels][:, None] > score[~labels]))
    low, high = interval(labels, score, [str(n) for n in range(200)])
    assert low < a < high
    # Hanley and McNeil's standard error.
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    error = math.sqrt((a * (1 - a) + 99 * (q1 - a * a) + 99 * (q2 - a * a)) / 100**2)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_items_of_a_group_are_resampled_together() -> None:
    """The same item ten times over says no more than once."""
    labels = np.arange(40) < 20
    score = np.random.default_rng(0).normal(size=40) + labels
    names = [str(n) for n in range(40)]
    once = interval(labels, score, names)
    often = interval(np.tile(labels, 10), np.tile(score, 10), names * 10)
    assert often == pytest.approx(once)


def test_one_group_and_few_resamples_have_no_interval() -> None:
    truth, score = np.array([True, False]), np.array([1.0, 0.0])
    (drawn,) = resampled_aucs(truth, [score], ["a", "a"], bootstraps=200, seed=0)
    assert drawn.size == 0
    assert percentile_interval(drawn, fewest=1) is None
    assert percentile_interval(np.arange(99.0)) is None
    assert percentile_interval(np.arange(101.0)) == (2.5, 97.5)


def test_wilson_interval() -> None:
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
