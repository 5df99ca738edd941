"""What two contenders decided, held against each other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lungrt.comparison.decisions import Thresholds, decide, largest

if TYPE_CHECKING:
    from pathlib import Path

    from lungrt.benchmark.results import Index, Outputs

__all__ = ["Comparison", "Thresholds", "compare_arrays", "compare_outputs"]


@dataclass(frozen=True)
class Comparison:
    """How a contender's results differ from the baseline's.

    Attributes
    ----------
    baseline : str
        Key of the contender that they are held against.
    candidates : int
        How many the baseline found.
    differing_candidates : int
        Found by one of the two alone. Of a contender that looks at a region: what the baseline
        lacks, or has in another order.
    judged, differing_decisions : int
        Voxels that both classified, and those of them that only one calls a nodule, or malignant.
    largest_difference : float
        Of a probability of nodule.
    differing_mask_voxels : int
        Difference of the sizes of the eroded masks; 0 where only one of them is of a region.
    slices, differing_slice_voxels : int
        Slices whose probabilities were compared voxel by voxel, and voxels that are on the
        other side of the threshold; 0 where it was not done.
    largest_slice_difference : float
        Of a voxel's probability.
    in_region : int or None
        How many candidates a contender found that looks at the lung field alone, where the
        baseline looks everywhere; None where both look at the same.
    """

    baseline: str
    candidates: int
    differing_candidates: int
    judged: int
    differing_decisions: int
    largest_difference: float
    differing_mask_voxels: int
    slices: int = 0
    differing_slice_voxels: int = 0
    largest_slice_difference: float = 0.0
    in_region: int | None = None

    @property
    def same_decisions(self) -> bool:
        """Whether both found the same candidates and think the same of them.

        Of a contender that looks at a region: whether the baseline found all of its candidates, in
        this order, and thinks the same of them.
        """
        return self.differing_candidates == 0 and self.differing_decisions == 0

    def in_words(self) -> str:
        """One line for people."""
        decided = (
            f"same {self.judged} decisions"
            if self.differing_decisions == 0
            else f"{self.differing_decisions} DECISIONS DIFFER (of {self.judged})"
        )
        if self.in_region is not None:
            return f"{self._found()}, {decided}, |p - p'| <= {self.largest_difference:.1e}"
        found = self._found()
        mask = (
            f"mask of equal size, |p - p'| <= {self.largest_difference:.1e}"
            if self.differing_mask_voxels == 0
            else f"mask sizes differ by {self.differing_mask_voxels} voxels, "
            f"|p - p'| <= {self.largest_difference:.1e}"
        )
        if not self.slices:
            return f"{found}, {decided}, {mask}"
        return (
            f"{found}, {decided}, {mask}; of {self.slices} slices {self.differing_slice_voxels} "
            f"voxels differ, |p - p'| <= {self.largest_slice_difference:.1e}"
        )

    def _found(self) -> str:
        if self.differing_candidates:
            of = self.candidates if self.in_region is None else self.in_region
            where = "" if self.in_region is None else " in the lung field"
            return f"{self.differing_candidates} CANDIDATES DIFFER (of {of}{where})"
        if self.in_region is None:
            return f"same {self.candidates} candidates"
        return f"{self.in_region} of the {self.candidates} candidates lie in the lung field"


def compare_outputs(
    ours: Outputs, theirs: Outputs, baseline: str, thresholds: Thresholds
) -> Comparison:
    """Compare what was decided; voxels that only one classified are not judged.

    Where ours looked at a region and theirs everywhere, our candidates must be a sub-sequence of
    theirs, and masks are not compared: they are of different slices. A NaN differs from everything.
    """
    within = ours.restricted and not theirs.restricted
    differing = _out_of_place if within else _differing
    mine = dict(zip(ours.judged, zip(ours.p_nodule, ours.p_malignant, strict=True), strict=True))
    other = dict(
        zip(theirs.judged, zip(theirs.p_nodule, theirs.p_malignant, strict=True), strict=True)
    )
    both = [index for index in other if index in mine]
    differences = [abs(mine[index][0] - other[index][0]) for index in both]
    return Comparison(
        baseline=baseline,
        candidates=len(theirs.candidates),
        differing_candidates=differing(ours.candidates, theirs.candidates),
        judged=len(both),
        differing_decisions=sum(
            decide(*mine[index], thresholds) != decide(*other[index], thresholds) for index in both
        ),
        largest_difference=largest(differences),
        differing_mask_voxels=0 if within else abs(ours.mask_voxels - theirs.mask_voxels),
        in_region=len(ours.candidates) if within else None,
    )


def _differing(ours: list[Index], theirs: list[Index]) -> int:
    """Count what only one found, or else what stands at another place of the list."""
    a, b = Counter(ours), Counter(theirs)
    alone = ((a - b) + (b - a)).total()
    return alone or sum(x != y for x, y in zip(ours, theirs, strict=True))


def _out_of_place(ours: list[Index], theirs: list[Index]) -> int:
    """Count what only ours has, or else what comes too late to be a sub-sequence of theirs."""
    alone = (Counter(ours) - Counter(theirs)).total()
    rest = iter(theirs)  # each search goes on after what was found last
    return alone or sum(index not in rest for index in ours)


def compare_arrays(
    found: Comparison, ours: Path, theirs: Path, thresholds: Thresholds
) -> Comparison:
    """Add what the networks alone gave, as their processes stored it."""
    import numpy as np

    with np.load(ours) as mine, np.load(theirs) as other:
        a, b = mine["segmentation"], other["segmentation"]
    limit = np.float32(thresholds.segmentation)
    return replace(
        found,
        slices=len(b),
        differing_slice_voxels=int(((a > limit) != (b > limit)).sum()),
        largest_slice_difference=float(np.abs(a - b).max()),
    )
