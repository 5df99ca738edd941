"""ROC of malignant against benign nodules: the pipeline compared with the diameter alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungrt.statistics import percentile_interval, resampled_aucs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungrt.data.annotations import Nodule
    from lungrt.evaluation.subgroups import Outcome
    from lungrt.statistics import Interval

__all__ = ["Malignancy", "Roc", "compare_auc", "roc", "score_malignancy"]


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


@dataclass(frozen=True)
class Malignancy:
    """ROC curves of malignant against benign nodules.

    Attributes
    ----------
    found : Roc or None
        ROC of p(malignant) for the rated nodules that were found; None without a malignancy model.
    found_diameter : Roc or None
        ROC of the annotated diameter for the same nodules.
    found_difference : tuple of float or None
        95 % interval of the difference of the two AUCs.
    end_to_end, end_to_end_diameter, end_to_end_difference
        The same for all rated nodules of the scored scans, where a nodule that was not found has
        the score 0.
    baseline : Roc
        ROC of the diameter for all rated nodules of the annotations, whether or not their scans
        were scored.
    """

    found: Roc | None
    found_diameter: Roc | None
    found_difference: Interval | None
    end_to_end: Roc | None
    end_to_end_diameter: Roc | None
    end_to_end_difference: Interval | None
    baseline: Roc


def score_malignancy(
    outcomes: Sequence[Outcome],
    annotated: Sequence[Nodule],
    with_malignancy: bool,
    *,
    bootstraps: int = 1000,
    seed: int = 0,
) -> Malignancy:
    """Compare the ROC of p(malignant) with that of the annotated diameter of the same nodules.

    Parameters
    ----------
    outcomes
        Results for the nodules of the scored scans.
    annotated
        All annotated nodules.
    with_malignancy
        Whether the pipeline has a malignancy model; without one, only the baseline is computed.
    bootstraps, seed
        Number of resamples and random seed of the bootstrap, which resamples patients if the data
        names them, else scans.
    """
    baseline = _of_nodules("diameter of all annotated nodules", annotated, bootstraps, seed)
    if not with_malignancy:
        return Malignancy(None, None, None, None, None, None, baseline)
    rated = [outcome for outcome in outcomes if outcome.nodule.malignant is not None]
    found = [outcome for outcome in rated if outcome.p_malignant is not None]
    return Malignancy(
        *_pair("found nodules", found, bootstraps, seed),
        *_pair("all nodules, missed ones as 0", rated, bootstraps, seed),
        baseline,
    )


def _pair(
    what: str, outcomes: Sequence[Outcome], bootstraps: int, seed: int
) -> tuple[Roc, Roc, Interval | None]:
    nodules = [outcome.nodule for outcome in outcomes]
    truth = [nodule.malignant is True for nodule in nodules]
    scores = [outcome.p_malignant or 0.0 for outcome in outcomes]
    diameters = [nodule.diameter_mm for nodule in nodules]
    groups = _groups(nodules)
    return (
        roc(f"p(malignant) of {what}", truth, scores, groups, bootstraps=bootstraps, seed=seed),
        roc(f"diameter of {what}", truth, diameters, groups, bootstraps=bootstraps, seed=seed),
        compare_auc(truth, scores, diameters, groups, bootstraps=bootstraps, seed=seed),
    )


def _of_nodules(title: str, annotated: Sequence[Nodule], bootstraps: int, seed: int) -> Roc:
    rated = [nodule for nodule in annotated if nodule.malignant is not None]
    return roc(
        title,
        [nodule.malignant is True for nodule in rated],
        [nodule.diameter_mm for nodule in rated],
        _groups(rated),
        bootstraps=bootstraps,
        seed=seed,
    )


def _groups(nodules: Sequence[Nodule]) -> list[str]:
    return [nodule.patient or nodule.series_uid for nodule in nodules]


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
