"""Differences between two diagnoses of one CT."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lungrt.comparison.diagnosis import decide
from lungrt.comparison.matching import match
from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lungrt.comparison.diagnosis import Diagnosis, Mark, Thresholds

__all__ = [
    "CtDifference",
    "ListDifference",
    "MaskDifference",
    "Pair",
    "compare",
    "compare_lists",
    "largest",
    "total",
]

WITHIN_MM = 5.0
_SAME_PLACE = 1e-3  # mm; geometry may have been rounded when it was written as text


@dataclass(frozen=True)
class Pair:
    """The same mark in both diagnoses, with the decision of each about it."""

    a: Mark
    b: Mark
    decision_a: object
    decision_b: object

    @property
    def distance_mm(self) -> float:
        """Distance in mm between its centres in A and B."""
        return math.dist(self.a.center_mm, self.b.center_mm)

    @property
    def moved(self) -> bool:
        """Whether A and B have it at different voxels."""
        return self.a.index != self.b.index

    @property
    def changed(self) -> bool:
        """Whether A and B decide differently about it."""
        return self.decision_a != self.decision_b


@dataclass(frozen=True)
class ListDifference:
    """Difference between two lists of candidates, or two lists of nodules.

    Attributes
    ----------
    count_a, count_b : int
        Lengths of the lists.
    only_a, only_b : list of Mark
        Marks without a counterpart in the other list.
    moved, changed : list of Pair
        Pairs at different voxels; pairs with different decisions. A pair may be in both.
    largest_nodule, largest_malignant : float
        Largest change of a pair's probability of nodule and of malignancy.
    malignancies : int
        Number of pairs whose probability of malignancy is known on both sides.
    """

    count_a: int = 0
    count_b: int = 0
    only_a: list[Mark] = field(default_factory=list)
    only_b: list[Mark] = field(default_factory=list)
    moved: list[Pair] = field(default_factory=list)
    changed: list[Pair] = field(default_factory=list)
    largest_nodule: float = 0.0
    largest_malignant: float = 0.0
    malignancies: int = 0

    @property
    def same_decisions(self) -> bool:
        """Whether every mark has a counterpart with the same decision."""
        return not (self.only_a or self.only_b or self.changed)

    @property
    def furthest_mm(self) -> float:
        """Largest distance in mm of the pairs that moved."""
        return max((pair.distance_mm for pair in self.moved), default=0.0)


@dataclass(frozen=True)
class MaskDifference:
    """Difference between the masks of the segmentation.

    Attributes
    ----------
    eroded_a, eroded_b : int
        Number of voxels of each mask after erosion.
    flips, voxels_a, voxels_b : int or None
        Before erosion: number of voxels that are set in only one mask, and in each mask. None if
        the masks are not known.
    """

    eroded_a: int = 0
    eroded_b: int = 0
    flips: int | None = 0
    voxels_a: int | None = 0
    voxels_b: int | None = 0


@dataclass(frozen=True)
class CtDifference:
    """Differences on one CT, or the sum over all CTs."""

    name: str
    mask: MaskDifference
    candidates: ListDifference
    nodules: ListDifference

    @property
    def same_decisions(self) -> bool:
        """Whether A and B found the same marks and made the same decisions about them."""
        return self.candidates.same_decisions and self.nodules.same_decisions


def compare(name: str, a: Diagnosis, b: Diagnosis, *, within_mm: float = WITHIN_MM) -> CtDifference:
    """Compare two diagnoses of a CT.

    Parameters
    ----------
    name
        Name of the CT in messages and tables.
    a, b
        The diagnoses.
    within_mm
        See `lungrt.comparison.matching.match`.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If they are not of the same CT.
    """
    _require_same_ct(name, a, b)
    return CtDifference(
        name,
        _compare_masks(a, b),
        compare_lists(a.candidates, b.candidates, a.thresholds, b.thresholds, within_mm),
        compare_lists(a.nodules, b.nodules, a.thresholds, b.thresholds, within_mm),
    )


def _require_same_ct(name: str, a: Diagnosis, b: Diagnosis) -> None:
    for what, ours, theirs in (
        ("series", a.series_uid or "without UID", b.series_uid or "without UID"),
        ("shape", a.shape, b.shape),
    ):
        if ours != theirs:
            raise InvalidArgument(
                f"{name}: A and B are of different CTs and cannot be compared: {what} {ours} and "
                f"{theirs}"
            )
    if not np.allclose(a.placing, b.placing, rtol=0, atol=_SAME_PLACE):
        raise InvalidArgument(
            f"{name}: A and B are of different CTs and cannot be compared: origin, spacing or "
            "direction differ"
        )


def _compare_masks(a: Diagnosis, b: Diagnosis) -> MaskDifference:
    if a.mask is None or b.mask is None:
        return MaskDifference(a.mask_voxels, b.mask_voxels, None, None, None)
    return MaskDifference(
        a.mask_voxels,
        b.mask_voxels,
        int(np.count_nonzero(a.mask != b.mask)),
        int(np.count_nonzero(a.mask)),
        int(np.count_nonzero(b.mask)),
    )


def compare_lists(
    a: Sequence[Mark],
    b: Sequence[Mark],
    thresholds_a: Thresholds,
    thresholds_b: Thresholds,
    within_mm: float,
) -> ListDifference:
    """Compare two lists of marks; see `lungrt.comparison.matching.match` for `within_mm`."""
    matching = match(a, b, within_mm)
    pairs = [
        Pair(
            a[i],
            b[j],
            decide(a[i].p_nodule, a[i].p_malignant, thresholds_a),
            decide(b[j].p_nodule, b[j].p_malignant, thresholds_b),
        )
        for i, j in matching.pairs
    ]
    malignant = [
        abs(pair.a.p_malignant - pair.b.p_malignant)
        for pair in pairs
        if pair.a.p_malignant is not None and pair.b.p_malignant is not None
    ]
    return ListDifference(
        len(a),
        len(b),
        [a[i] for i in matching.only_a],
        [b[j] for j in matching.only_b],
        [pair for pair in pairs if pair.moved],
        [pair for pair in pairs if pair.changed],
        largest(abs(pair.a.p_nodule - pair.b.p_nodule) for pair in pairs),
        largest(malignant),
        len(malignant),
    )


def total(differences: Sequence[CtDifference]) -> CtDifference:
    """Return the sum of the differences on several CTs."""
    return CtDifference(
        f"all {len(differences)}",
        _total_mask([difference.mask for difference in differences]),
        _total_list([difference.candidates for difference in differences]),
        _total_list([difference.nodules for difference in differences]),
    )


def _total_mask(masks: Sequence[MaskDifference]) -> MaskDifference:
    return MaskDifference(
        sum(mask.eroded_a for mask in masks),
        sum(mask.eroded_b for mask in masks),
        _sum_of_known(mask.flips for mask in masks),
        _sum_of_known(mask.voxels_a for mask in masks),
        _sum_of_known(mask.voxels_b for mask in masks),
    )


def _sum_of_known(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)


def _total_list(lists: Sequence[ListDifference]) -> ListDifference:
    return ListDifference(
        sum(one.count_a for one in lists),
        sum(one.count_b for one in lists),
        [mark for one in lists for mark in one.only_a],
        [mark for one in lists for mark in one.only_b],
        [pair for one in lists for pair in one.moved],
        [pair for one in lists for pair in one.changed],
        largest(one.largest_nodule for one in lists),
        largest(one.largest_malignant for one in lists),
        sum(one.malignancies for one in lists),
    )


def largest(values: Iterable[float]) -> float:
    """Return the largest value; 0 if there are none, NaN if one is NaN (max may ignore NaN)."""
    known = list(values)
    return next(filter(math.isnan, known), max(known, default=0.0))
