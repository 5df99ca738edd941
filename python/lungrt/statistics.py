"""Confidence intervals of scores: the grouped bootstrap of AUCs, and Wilson's interval.

What comes from one patient or one scan is not independent, so such a group is resampled as a whole.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Interval", "percentile_interval", "resampled_aucs", "wilson_interval"]

Interval = tuple[float, float]
"""Lower and upper bound of a 95 % interval."""

_PERCENTILES = (2.5, 97.5)
_FEWEST_RESAMPLES = 100  # fewer do not determine the percentiles
_Z = 1.959963984540054  # of 95 %


def resampled_aucs(
    truth: NDArray[np.bool_],
    scores: Sequence[NDArray[np.floating]],
    groups: Sequence[str] | NDArray[np.str_],
    *,
    bootstraps: int,
    seed: int,
) -> list[NDArray[np.float64]]:
    """Return the AUC of each score in every resample of groups that contains both classes.

    An AUC is the share of pairs in the right order, where ties count half. Each item has a weight,
    which is how often its group is in the resample, so that a product of matrices computes all
    resamples at once. All scores have the same resamples, so that their AUCs can be subtracted.

    Parameters
    ----------
    truth : ndarray of bool, shape (items,)
        Class of each item.
    scores : sequence of ndarray, shape (items,)
        Scores to compute an AUC of.
    groups : sequence of str
        Group of each item, such as its patient.
    bootstraps : int
        Number of resamples.
    seed : int
        Random seed of the resamples.

    Returns
    -------
    list of ndarray of float64
        AUCs of each score; empty if there are fewer than two groups, whose resamples would all be
        the same.
    """
    names, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    if len(names) < 2:
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


def percentile_interval(
    resampled: NDArray[np.float64], *, fewest: int = _FEWEST_RESAMPLES
) -> Interval | None:
    """Return the 95 % interval of resampled values; None if there are fewer than `fewest`."""
    if len(resampled) < fewest:
        return None
    low, high = np.percentile(resampled, _PERCENTILES)
    return float(low), float(high)


def wilson_interval(found: int, total: int) -> Interval:
    """Return Wilson's 95 % interval of the proportion found / total, for independent items."""
    share, spread = found / total, _Z * _Z / total
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / total + spread / total / 4) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
