"""Comparison of what the configurations found, in the same run in which they were measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lungrt.comparison.diagnosis import Mark
from lungrt.comparison.differences import compare_lists, largest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lungrt.benchmark.run import Record
    from lungrt.comparison.diagnosis import Thresholds

__all__ = ["Agreement", "compare_outputs", "compare_records"]


@dataclass(frozen=True)
class Agreement:
    """Differences between the results of a configuration and those of the baseline.

    Attributes
    ----------
    baseline : str
        Key of the baseline.
    candidates : int
        Number of candidates that the baseline found.
    differing_candidates : int
        Number of candidates that only one of the two found, or else that are in another order. If
        the configuration searched only the lung field, candidates of the baseline may be missing.
    judged, differing_decisions : int
        Number of candidates that both found, and how many of them they decided differently.
    largest_difference : float
        Largest difference of a probability of nodule or of malignancy.
    differing_mask_voxels : int
        Difference of the sizes of the eroded masks; 0 if only one of them is of a region.
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
    in_region: int | None = None

    @property
    def same_decisions(self) -> bool:
        """Whether both found the same candidates and decided the same about them.

        If the configuration searched only a region, only its own candidates count.
        """
        return self.differing_candidates == 0 and self.differing_decisions == 0

    def describe(self) -> str:
        """Return the differences in one line of text."""
        parts = [
            self._found(),
            f"{self.differing_decisions} OF {self.judged} DECISIONS DIFFER"
            if self.differing_decisions
            else f"the same {self.judged} decisions",
        ]
        if self.in_region is None:
            differing = self.differing_mask_voxels
            parts.append(
                f"mask sizes differ by {differing} voxels" if differing else "masks of equal size"
            )
        parts.append(f"probabilities differ by at most {self.largest_difference:.1e}")
        return ", ".join(parts)

    def _found(self) -> str:
        if self.differing_candidates:
            of = self.candidates if self.in_region is None else self.in_region
            where = "" if self.in_region is None else " IN THE LUNG FIELD"
            return f"{self.differing_candidates} OF {of} CANDIDATES{where} DIFFER"
        if self.in_region is None:
            return f"the same {self.candidates} candidates"
        return f"the same candidates ({self.in_region} of {self.candidates} lie in the lung field)"


def compare_records(records: Sequence[Record], thresholds: Thresholds) -> None:
    """Compare the results of each record with its baseline's; the worst of all rounds counts."""
    for record in records:
        baseline = _baseline(record, records)
        if baseline is None or not record.measurements:
            continue
        theirs = baseline.measurements[0].outputs
        found = [
            compare_outputs(ours.outputs, theirs, baseline.configuration.key, thresholds)
            for ours in record.measurements
        ]
        record.agreement = max(found, key=_badness)


def _baseline(record: Record, records: Sequence[Record]) -> Record | None:
    """Return the first of its group that has results, or else the first of all.

    Configurations that searched the whole volume are preferred, because they have all candidates.
    """
    able = [other for other in records if other.measurements]
    able = [other for other in able if not other.measurements[0].outputs["restricted"]] or able
    group = [other for other in able if other.configuration.group == record.configuration.group]
    return next(iter(group or able), None)


def _badness(found: Agreement) -> tuple[int, int, int, float]:
    worst = found.largest_difference
    return (
        found.differing_candidates,
        found.differing_decisions,
        found.differing_mask_voxels,
        math.inf if math.isnan(worst) else worst,
    )


def compare_outputs(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], baseline: str, thresholds: Thresholds
) -> Agreement:
    """Compare the outputs of a configuration (ours) with those of the baseline (theirs).

    Candidates at the same voxel are compared. If ours searched a region and theirs the whole
    volume, our candidates must be a sub-sequence of theirs, and the masks are not compared because
    they cover different slices. NaN differs from everything, including NaN.
    """
    within = ours["restricted"] and not theirs["restricted"]
    mine = [Mark.parse(entry) for entry in ours["candidates"]]
    other = [Mark.parse(entry) for entry in theirs["candidates"]]
    found = compare_lists(mine, other, thresholds, thresholds, within_mm=0.0)
    alone = len(found.only_a) + (0 if within else len(found.only_b))
    rest = iter([mark.index for mark in other])  # each search continues after the previous match
    return Agreement(
        baseline=baseline,
        candidates=len(other),
        differing_candidates=alone or sum(mark.index not in rest for mark in mine),
        judged=len(mine) - len(found.only_a),
        differing_decisions=len(found.changed),
        largest_difference=largest((found.largest_nodule, found.largest_malignant)),
        differing_mask_voxels=0 if within else abs(ours["mask_voxels"] - theirs["mask_voxels"]),
        in_region=len(mine) if within else None,
    )
