"""What changed between two diagnoses of one CT."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lungrt.comparison.decisions import Thresholds, decide, largest
from lungrt.comparison.matching import match
from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lungrt.comparison.diagnosis import Diagnosis, Mark

__all__ = ["CtDifference", "ListDifference", "MaskDifference", "Pair", "compare", "total"]

WITHIN_MM = 5.0
_SAME_PLACE = 1e-3  # mm: geometry that went through text


@dataclass(frozen=True)
class Pair:
    """The same mark in both diagnoses, and what each decided of it."""

    a: Mark
    b: Mark
    decision_a: object
    decision_b: object

    @property
    def distance_mm(self) -> float:
        """How far it moved."""
        return math.dist(self.a.center_mm, self.b.center_mm)

    @property
    def moved(self) -> bool:
        """Whether it is at another voxel."""
        return self.a.index != self.b.index

    @property
    def changed(self) -> bool:
        """Whether the decision is another."""
        return self.decision_a != self.decision_b


@dataclass(frozen=True)
class ListDifference:
    """Of the candidates, or of the nodules.

    Attributes
    ----------
    count_a, count_b : int
    only_a, only_b : list of Mark
        Without a partner.
    moved, changed : list of Pair
        At another voxel; with another decision. A pair may be both.
    largest_nodule, largest_malignant : float
        Largest change of a probability of the same mark.
    malignancies : int
        Marks whose probability of malignancy both know.
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
        """Whether each has a partner of which the same was decided."""
        return not (self.only_a or self.only_b or self.changed)

    @property
    def furthest_mm(self) -> float:
        """How far a mark moved at most."""
        return max((pair.distance_mm for pair in self.moved), default=0.0)


@dataclass(frozen=True)
class MaskDifference:
    """Of the segmentation.

    Attributes
    ----------
    eroded_a, eroded_b : int
        Voxels after erosion.
    flips, voxels_a, voxels_b : int or None
        Voxels in one mask alone, and of each mask, before erosion; None where the masks are not
        known.
    """

    eroded_a: int = 0
    eroded_b: int = 0
    flips: int | None = 0
    voxels_a: int | None = 0
    voxels_b: int | None = 0


@dataclass(frozen=True)
class CtDifference:
    """What changed on one CT, or on all of them."""

    name: str
    mask: MaskDifference
    candidates: ListDifference
    nodules: ListDifference

    @property
    def same_decisions(self) -> bool:
        """Whether both found the same marks and decided the same of them."""
        return self.candidates.same_decisions and self.nodules.same_decisions


def compare(name: str, a: Diagnosis, b: Diagnosis, *, within_mm: float = WITHIN_MM) -> CtDifference:
    """Compare two diagnoses of a CT.

    Parameters
    ----------
    name
        Of the CT, for people.
    within_mm
        See `lungrt.comparison.matching.match`.

    Raises
    ------
    lungrt.errors.InvalidArgument
        They are not of the same CT.
    """
    _require_same_ct(name, a, b)
    return CtDifference(
        name,
        _compare_masks(a, b),
        _compare_lists(a.candidates, b.candidates, a.thresholds, b.thresholds, within_mm),
        _compare_lists(a.nodules, b.nodules, a.thresholds, b.thresholds, within_mm),
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


def _compare_lists(
    a: Sequence[Mark],
    b: Sequence[Mark],
    thresholds_a: Thresholds,
    thresholds_b: Thresholds,
    within_mm: float,
) -> ListDifference:
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
    """Add up what changed on several CTs."""
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
