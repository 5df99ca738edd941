"""ROC curve of a score for malignant against benign nodules, with a bootstrap interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungrt.statistics import percentile_interval, resampled_aucs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungrt.statistics import Interval

__all__ = ["Roc", "compare_auc", "roc"]


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
    (drawn,) = resampled_aucs(truth, [scores], groups, bootstraps=bootstraps, seed=seed)
    interval = percentile_interval(drawn)
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
    ours, theirs = resampled_aucs(truth, both, groups, bootstraps=bootstraps, seed=seed)
    return percentile_interval(ours - theirs)
