"""Comparison of the results of two configurations."""

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
    """Differences between the results of a configuration and those of the baseline.

    Attributes
    ----------
    baseline : str
        Key of the baseline.
    candidates : int
        Number of candidates that the baseline found.
    differing_candidates : int
        Number of candidates that only one of the two found, or else that are in another order. If
        the configuration searched only a region, candidates of the baseline may be missing.
    judged, differing_decisions : int
        Number of voxels that both classified, and how many of them they decided differently.
    largest_difference : float
        Largest difference of a probability of nodule.
    differing_mask_voxels : int
        Difference of the sizes of the eroded masks; 0 if only one of them is of a region.
    slices, differing_slice_voxels : int
        Number of slices whose probabilities were compared voxel by voxel, and of voxels that are on
        different sides of the threshold; both 0 if no slices were compared.
    largest_slice_difference : float
        Largest difference of a voxel's probability in these slices.
    in_region : int or None
        Number of candidates of a configuration that searched only the lung field, if the baseline
        searched the whole volume; None if both searched the same.
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
        """Whether both found the same candidates and decided the same about them.

        If the configuration searched only a region, only its own candidates count.
        """
        return self.differing_candidates == 0 and self.differing_decisions == 0

    def describe(self) -> str:
        """Return the differences in one line of text."""
        decided = (
            f"the same {self.judged} decisions"
            if self.differing_decisions == 0
            else f"{self.differing_decisions} OF {self.judged} DECISIONS DIFFER"
        )
        parts = [self._found(), decided]
        if self.in_region is None:
            differing = self.differing_mask_voxels
            parts.append(
                f"mask sizes differ by {differing} voxels" if differing else "masks of equal size"
            )
        parts.append(f"probabilities differ by at most {self.largest_difference:.1e}")
        text = ", ".join(parts)
        if self.slices:
            text += (
                f"; in {self.slices} slices compared voxel by voxel, "
                f"{self.differing_slice_voxels} voxels of the mask differ, "
                f"probabilities by at most {self.largest_slice_difference:.1e}"
            )
        return text

    def _found(self) -> str:
        if self.differing_candidates:
            of = self.candidates if self.in_region is None else self.in_region
            where = "" if self.in_region is None else " IN THE LUNG FIELD"
            return f"{self.differing_candidates} OF {of} CANDIDATES{where} DIFFER"
        if self.in_region is None:
            return f"the same {self.candidates} candidates"
        return f"the same candidates ({self.in_region} of {self.candidates} lie in the lung field)"


def compare_outputs(
    ours: Outputs, theirs: Outputs, baseline: str, thresholds: Thresholds
) -> Comparison:
    """Compare the results of a configuration (ours) with those of the baseline (theirs).

    Only voxels that both classified are compared. If ours searched a region and theirs the whole
    volume, our candidates must be a sub-sequence of theirs, and the masks are not compared because
    they cover different slices. NaN differs from everything, including NaN.
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
    """Count candidates that only one found or, if there are none, those in another order."""
    a, b = Counter(ours), Counter(theirs)
    alone = ((a - b) + (b - a)).total()
    return alone or sum(x != y for x, y in zip(ours, theirs, strict=True))


def _out_of_place(ours: list[Index], theirs: list[Index]) -> int:
    """Count candidates that only ours has or, if there are none, those in another order."""
    alone = (Counter(ours) - Counter(theirs)).total()
    rest = iter(theirs)  # each search continues after the previous match
    return alone or sum(index not in rest for index in ours)


def compare_arrays(
    found: Comparison, ours: Path, theirs: Path, thresholds: Thresholds
) -> Comparison:
    """Return the comparison with that of the networks' outputs, read from .npz files."""
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
