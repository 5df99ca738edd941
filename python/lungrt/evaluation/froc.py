"""LUNA16's free-response ROC curve (FROC).

A mark hits a nodule if it is nearer to its centre than half its diameter. A nodule counts once,
with the highest probability of the marks that hit it; a mark may hit several nodules. A mark that
hits no nodule but lies within half the diameter of an excluded finding is ignored, all others are
false positives. Only the 100 most likely marks of a scan count; those that tie with the 101st do
not. Marks of equal probability enter the curve together, and sensitivity is interpolated between
the points of the curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungrt.evaluation.matching import luna_hits
from lungrt.statistics import percentile_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lungrt.data.annotations import ExcludedMark, Nodule
    from lungrt.evaluation.reports import Marks
    from lungrt.statistics import Interval

__all__ = ["FALSE_POSITIVES_PER_SCAN", "Froc", "FrocScan", "froc", "score_marks", "threshold_at"]

FALSE_POSITIVES_PER_SCAN = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
MOST_MARKS = 100
_GRID = np.exp2(np.linspace(-3, 3, 97))  # contains the seven rates exactly
_SEVEN_RATES = slice(None, None, 16)  # of the grid
_INTERVAL = (2.5, 97.5)  # percentiles


@dataclass(frozen=True)
class FrocScan:
    """Hits and false positives of a scan.

    Attributes
    ----------
    hit : ndarray of float64, shape (nodules,)
        Probability of the most likely mark that hits a nodule; NaN if no mark does.
    false : ndarray of float64
        Probability of each false positive.
    """

    hit: NDArray[np.float64]
    false: NDArray[np.float64]


@dataclass(frozen=True)
class Froc:
    """Free-response curve: sensitivity against false positives per scan.

    Attributes
    ----------
    scans, nodules, false_marks : int
        Numbers of scans, nodules and false positives.
    false_marks_a_scan, sensitivity : list of float
        The curve from 1/8 to 8 false positives per scan.
    lower, upper : list of float or None
        95 % band of the sensitivity from a bootstrap over scans; None if there are fewer than two
        scans.
    at : dict
        Sensitivity at LUNA16's seven rates.
    cpm : float
        Mean of these seven sensitivities.
    cpm_interval : tuple of float or None
        95 % interval of the CPM.
    bootstraps : int
        Number of bootstrap resamples that contain a nodule.
    """

    scans: int
    nodules: int
    false_marks: int
    false_marks_a_scan: list[float]
    sensitivity: list[float]
    lower: list[float] | None
    upper: list[float] | None
    at: dict[str, float]
    cpm: float
    cpm_interval: Interval | None
    bootstraps: int


def score_marks(
    marks: Marks, nodules: Sequence[Nodule], excluded: Sequence[ExcludedMark]
) -> FrocScan:
    """Match a scan's marks with its annotated nodules and excluded findings."""
    p, center_mm = marks.p_nodule, marks.center_mm
    if len(p) > MOST_MARKS:
        kept = p > np.partition(p, -MOST_MARKS - 1)[-MOST_MARKS - 1]
        p, center_mm = p[kept], center_mm[kept]
    hits = luna_hits(nodules, center_mm)
    best = np.where(hits, p, -np.inf).max(axis=1, initial=-np.inf)
    ignored = luna_hits(excluded, center_mm).any(axis=0)
    return FrocScan(np.where(np.isfinite(best), best, np.nan), p[~hits.any(axis=0) & ~ignored])


@dataclass(frozen=True)
class _Events:
    """Hits and false positives of all scans, in descending order of probability."""

    probability: NDArray[np.float64]
    is_hit: NDArray[np.bool_]
    scan: NDArray[np.int64]
    last: NDArray[np.int64]  # index of the last event of each probability
    nodules: NDArray[np.int64]  # number of nodules of each scan

    @classmethod
    def of(cls, scans: Sequence[FrocScan]) -> _Events:
        hits = [scan.hit[~np.isnan(scan.hit)] for scan in scans]
        parts = [part for hit, scan in zip(hits, scans, strict=True) for part in (hit, scan.false)]
        sizes = [part.size for part in parts]
        probability = np.concatenate([np.empty(0), *parts])
        part_of = np.repeat(np.arange(len(parts)), sizes)
        order = np.argsort(-probability, kind="stable")
        ordered = probability[order]
        last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)) if len(order) else order
        return cls(
            ordered,
            (part_of % 2 == 0)[order],
            (part_of // 2)[order],
            last,
            np.array([scan.hit.size for scan in scans], dtype=np.int64),
        )

    def curve(self, times: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return false positives per scan and sensitivity.

        Each scan counts as often as `times` says. Without a nodule the sensitivity is 0.
        """
        weight = times[self.scan]
        hits = np.cumsum(weight * self.is_hit)[self.last]
        false = np.cumsum(weight * ~self.is_hit)[self.last]
        total = (times * self.nodules).sum()
        return (
            np.concatenate([[0.0], false / times.sum()]),
            np.concatenate([[0.0], hits / max(total, 1)]),
        )


def froc(scans: Sequence[FrocScan], *, bootstraps: int = 1000, seed: int = 0) -> Froc | None:
    """Compute the curve and its bootstrap band over scans.

    Returns
    -------
    Froc or None
        None if there is no nodule, so that the sensitivity is undefined.
    """
    events = _Events.of(scans)
    if not events.nodules.sum():
        return None
    once = np.ones(len(scans), dtype=np.int64)
    sensitivity = np.interp(_GRID, *events.curve(once))
    seven = sensitivity[_SEVEN_RATES]
    resampled = _resample(events, len(scans), bootstraps, seed)
    band = np.percentile(resampled, _INTERVAL, axis=0) if len(resampled) else None
    means = resampled[:, _SEVEN_RATES].mean(axis=1)
    return Froc(
        scans=len(scans),
        nodules=int(events.nodules.sum()),
        false_marks=int((~events.is_hit).sum()),
        false_marks_a_scan=_GRID.tolist(),
        sensitivity=sensitivity.tolist(),
        lower=None if band is None else band[0].tolist(),
        upper=None if band is None else band[1].tolist(),
        at={f"{rate:g}": float(s) for rate, s in zip(FALSE_POSITIVES_PER_SCAN, seven, strict=True)},
        cpm=float(seven.mean()),
        cpm_interval=percentile_interval(means, fewest=1),
        bootstraps=len(resampled),
    )


def _resample(events: _Events, scans: int, bootstraps: int, seed: int) -> NDArray[np.float64]:
    """Return the curve on the grid of each bootstrap resample that contains a nodule."""
    if scans < 2:  # every resample of one scan is that scan
        return np.empty((0, len(_GRID)))
    generator = np.random.default_rng(seed)
    curves = []
    for _ in range(bootstraps):
        drawn = generator.integers(0, scans, scans)
        times = np.bincount(drawn, minlength=scans)
        if (times * events.nodules).sum():
            curves.append(np.interp(_GRID, *events.curve(times)))
    return np.array(curves).reshape(-1, len(_GRID))


def threshold_at(scans: Sequence[FrocScan], rate: float) -> float:
    """Return the lowest threshold with at most `rate` false positives per scan.

    It is infinite if even the marks of the highest probability have more.
    """
    events = _Events.of(scans)
    false_a_scan, _ = events.curve(np.ones(len(scans), dtype=np.int64))
    allowed = events.probability[events.last][false_a_scan[1:] <= rate]
    if not len(events.probability):
        return -np.inf
    return float(allowed[-1]) if len(allowed) else np.inf
