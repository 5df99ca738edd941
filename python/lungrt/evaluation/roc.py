"""ROC curve of a score for malignant against benign nodules, with a bootstrap interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Interval = tuple[float, float]

__all__ = ["Roc", "compare_auc", "roc"]

_INTERVAL = (2.5, 97.5)  # percentiles
_FEWEST_RESAMPLES = 100  # with both classes; fewer do not determine the percentiles


@dataclass(frozen=True)
class Roc:
    """Receiver operating characteristic.

    Attributes
    ----------
    title : str
        Name of the score and of the nodules.
    benign, malignant : int
        Numbers of nodules.
    auc : float or None
        Area under the curve; None if there are no benign or no malignant nodules.
    interval : tuple of float or None
        95 % interval of the AUC from a bootstrap over patients if the data names them, else over
        scans; None if it is undefined.
    false_positive_rate, true_positive_rate : list of float
    undefined : str
        Reason why the AUC or the interval is undefined; else empty.
    """

    title: str
    benign: int
    malignant: int
    auc: float | None
    interval: Interval | None
    false_positive_rate: list[float]
    true_positive_rate: list[float]
    undefined: str = ""


def roc(
    title: str,
    malignant: Sequence[bool],
    score: Sequence[float],
    groups: Sequence[str],
    *,
    bootstraps: int = 1000,
    seed: int = 0,
) -> Roc:
    """Compute the ROC of a score; nodules of a group (scan or patient) are resampled together."""
    truth, scores = np.asarray(malignant, bool), np.asarray(score, float)
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        why = f"undefined: {negatives} benign and {positives} malignant nodules"
        return Roc(title, negatives, positives, None, None, [], [], why)
    from sklearn.metrics import roc_auc_score, roc_curve

    false_rate, true_rate, _ = roc_curve(truth, scores)
    drawn = _resampled(truth, [scores], groups, bootstraps, seed)[0]
    interval = _percentiles(drawn)
    return Roc(
        title,
        negatives,
        positives,
        float(roc_auc_score(truth, scores)),
        interval,
        false_rate.tolist(),
        true_rate.tolist(),
        "" if interval else "no interval: too few resamples have benign and malignant nodules",
    )


def compare_auc(
    malignant: Sequence[bool],
    score: Sequence[float],
    baseline: Sequence[float],
    groups: Sequence[str],
    *,
    bootstraps: int = 1000,
    seed: int = 0,
) -> Interval | None:
    """Return the 95 % interval of AUC(score) - AUC(baseline) on the same bootstrap resamples."""
    truth = np.asarray(malignant, bool)
    if truth.all() or not truth.any():
        return None
    both = [np.asarray(score, float), np.asarray(baseline, float)]
    ours, theirs = _resampled(truth, both, groups, bootstraps, seed)
    return _percentiles(ours - theirs)


def _resampled(
    truth: NDArray[np.bool_],
    scores: list[NDArray[np.float64]],
    groups: Sequence[str],
    bootstraps: int,
    seed: int,
) -> list[NDArray[np.float64]]:
    """Return the AUC of each score in every resample of groups that contains both classes.

    An AUC is the share of pairs in the right order, where ties count half. Each nodule has a
    weight, which is how often its group is in the resample, so that a product of matrices computes
    all resamples at once.
    """
    names, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    if len(names) < 2:  # every resample of one group is that group
        return [np.empty(0) for _ in scores]
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, len(names), (bootstraps, len(names)))
    times = np.zeros((bootstraps, len(names)))
    np.add.at(times, (np.arange(bootstraps)[:, None], drawn), 1)
    weights = times[:, group]
    positive, negative = weights[:, truth], weights[:, ~truth]
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    both = pairs > 0
    found = []
    for score in scores:
        ours, theirs = score[truth][:, None], score[~truth][None]
        order = (ours > theirs) + 0.5 * (ours == theirs)
        found.append(((positive @ order) * negative).sum(axis=1)[both] / pairs[both])
    return found


def _percentiles(values: NDArray[np.float64]) -> Interval | None:
    if len(values) < _FEWEST_RESAMPLES:
        return None
    low, high = np.percentile(values, _INTERVAL)
    return float(low), float(high)
