"""ROC of malignant against benign nodules: the pipeline compared with the diameter alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt.evaluation.document import Malignancy
from lungrt.evaluation.roc import compare_auc, roc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lungrt.data.annotations import Nodule
    from lungrt.evaluation.roc import Roc
    from lungrt.evaluation.subgroups import Outcome
    from lungrt.statistics import Interval

__all__ = ["score_malignancy"]


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
