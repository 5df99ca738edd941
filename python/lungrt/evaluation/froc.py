"""LUNA16's free-response curve.

A nodule is hit by every mark nearer than half its diameter, and counts once, with the most likely
of them; a mark may hit several nodules. Marks that hit no nodule but lie within half the diameter
of an excluded finding count for nothing, all others are false. At most 100 marks of a scan count:
those more likely than the hundred-and-first, so that ties with it go out with it. Marks of equal
probability enter the curve together, and between two points of it sensitivity is interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lungrt.evaluation.matching import luna_hits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lungrt.evaluation.annotations import ExcludedMark, Nodule
    from lungrt.evaluation.reports import Marks

__all__ = ["FALSE_MARKS_A_SCAN", "Froc", "ScanMarks", "froc", "score_marks", "threshold_at"]

FALSE_MARKS_A_SCAN = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
MOST_MARKS = 100
_GRID = np.exp2(np.linspace(-3, 3, 97))  # holds the seven exactly
_OF_THE_SEVEN = slice(None, None, 16)
_INTERVAL = (2.5, 97.5)  # percentiles


@dataclass(frozen=True)
class ScanMarks:
    """One scan as the curve sees it.

    Attributes
    ----------
    hit : ndarray of float64, shape (nodules,)
        Probability of the most likely mark that hits the nodule; NaN where none does.
    false : ndarray of float64
        Probability of each false mark.
    """

    hit: NDArray[np.float64]
    false: NDArray[np.float64]


@dataclass(frozen=True)
class Froc:
    """Sensitivity against false marks a scan.

    Attributes
    ----------
    scans, nodules, false_marks : int
    false_marks_a_scan, sensitivity : list of float
        The curve from 1/8 to 8.
    lower, upper : list of float or None
        Its 95 % band over resampled scans; None where there are too few to resample.
    at : dict
        Sensitivity at LUNA16's seven rates.
    cpm : float
        Their mean.
    cpm_interval : tuple of float or None
        Of 95 %.
    bootstraps : int
        Resamplings that had a nodule.
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
    cpm_interval: tuple[float, float] | None
    bootstraps: int


def score_marks(
    marks: Marks, nodules: Sequence[Nodule], excluded: Sequence[ExcludedMark]
) -> ScanMarks:
    """Hold a scan's marks against its true nodules."""
    p, center_mm = marks.p_nodule, marks.center_mm
    if len(p) > MOST_MARKS:
        kept = p > np.partition(p, -MOST_MARKS - 1)[-MOST_MARKS - 1]
        p, center_mm = p[kept], center_mm[kept]
    hits = luna_hits(nodules, center_mm)
    best = np.where(hits, p, -np.inf).max(axis=1, initial=-np.inf)
    ignored = luna_hits(excluded, center_mm).any(axis=0)
    return ScanMarks(np.where(np.isfinite(best), best, np.nan), p[~hits.any(axis=0) & ~ignored])


@dataclass(frozen=True)
class _Events:
    """Hits and false marks of all scans, most likely first."""

    probability: NDArray[np.float64]
    is_hit: NDArray[np.bool_]
    scan: NDArray[np.int64]
    last: NDArray[np.int64]  # the last event of each probability
    nodules: NDArray[np.int64]  # of each scan

    @classmethod
    def of(cls, scans: Sequence[ScanMarks]) -> _Events:
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
        """Return false marks a scan and sensitivity, each scan taken so many times.

        Without a nodule sensitivity is 0.
        """
        weight = times[self.scan]
        hits = np.cumsum(weight * self.is_hit)[self.last]
        false = np.cumsum(weight * ~self.is_hit)[self.last]
        total = (times * self.nodules).sum()
        return (
            np.concatenate([[0.0], false / times.sum()]),
            np.concatenate([[0.0], hits / max(total, 1)]),
        )


def froc(scans: Sequence[ScanMarks], *, bootstraps: int = 1000, seed: int = 0) -> Froc | None:
    """Draw the curve and resample scans for its band.

    Returns
    -------
    Froc or None
        None where there is no nodule, so that sensitivity is not defined.
    """
    events = _Events.of(scans)
    if not events.nodules.sum():
        return None
    once = np.ones(len(scans), dtype=np.int64)
    sensitivity = np.interp(_GRID, *events.curve(once))
    seven = sensitivity[_OF_THE_SEVEN]
    resampled = _resample(events, len(scans), bootstraps, seed)
    band = np.percentile(resampled, _INTERVAL, axis=0) if len(resampled) else None
    means = resampled[:, _OF_THE_SEVEN].mean(axis=1)
    return Froc(
        scans=len(scans),
        nodules=int(events.nodules.sum()),
        false_marks=int((~events.is_hit).sum()),
        false_marks_a_scan=_GRID.tolist(),
        sensitivity=sensitivity.tolist(),
        lower=None if band is None else band[0].tolist(),
        upper=None if band is None else band[1].tolist(),
        at={f"{rate:g}": float(s) for rate, s in zip(FALSE_MARKS_A_SCAN, seven, strict=True)},
        cpm=float(seven.mean()),
        cpm_interval=None if band is None else _percentiles(means),
        bootstraps=len(resampled),
    )


def _resample(events: _Events, scans: int, bootstraps: int, seed: int) -> NDArray[np.float64]:
    """Return a curve on the grid for each resampling that has a nodule in it."""
    if scans < 2:  # every resampling of one scan is that scan
        return np.empty((0, len(_GRID)))
    generator = np.random.default_rng(seed)
    curves = []
    for _ in range(bootstraps):
        drawn = generator.integers(0, scans, scans)
        times = np.bincount(drawn, minlength=scans)
        if (times * events.nodules).sum():
            curves.append(np.interp(_GRID, *events.curve(times)))
    return np.array(curves).reshape(-1, len(_GRID))


def _percentiles(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, _INTERVAL)
    return float(low), float(high)


def threshold_at(scans: Sequence[ScanMarks], rate: float) -> float:
    """Return the least probability at which there are at most so many false marks a scan.

    It may be infinite: even the most likely marks alone are more.
    """
    events = _Events.of(scans)
    false_a_scan, _ = events.curve(np.ones(len(scans), dtype=np.int64))
    allowed = events.probability[events.last][false_a_scan[1:] <= rate]
    if not len(events.probability):
        return -np.inf
    return float(allowed[-1]) if len(allowed) else np.inf
