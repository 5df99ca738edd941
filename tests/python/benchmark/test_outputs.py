"""Comparison of results: every kind of difference is found."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lungrt.benchmark.outputs import Thresholds, compare_arrays, compare_outputs

LIMITS = Thresholds()


def compared(ours, theirs):
    return compare_outputs(ours, theirs, "eager", LIMITS)


def test_equal(outputs) -> None:
    found = compared(outputs(), outputs())
    assert found.same_decisions
    assert found.describe() == (
        "the same 2 candidates, the same 2 decisions, masks of equal size, "
        "probabilities differ by at most 0.0e+00"
    )


def test_small_differences_are_measured(outputs) -> None:
    found = compared(outputs((0.9, 0.2001)), outputs())
    assert found.same_decisions
    assert found.largest_difference == pytest.approx(1e-4)


def test_a_differing_decision_is_seen(outputs) -> None:
    found = compared(outputs((0.9, 0.500001)), outputs((0.9, 0.499999)))
    assert not found.same_decisions
    assert found.differing_decisions == 1
    assert "1 OF 2 DECISIONS DIFFER" in found.describe()


def test_decisions_use_the_thresholds_of_the_bundle(outputs) -> None:
    pair = outputs((0.9, 0.6)), outputs((0.9, 0.4))
    assert compare_outputs(*pair, "eager", Thresholds(nodule=0.7)).same_decisions
    assert not compare_outputs(*pair, "eager", Thresholds(nodule=0.5)).same_decisions


@pytest.mark.parametrize(("ours", "theirs"), [(0.4, 0.6), (None, 0.6), (None, 0.4)])
def test_a_differing_malignancy_is_seen(outputs, ours, theirs) -> None:
    one = replace(outputs(), p_malignant=[ours, None])
    other = replace(outputs(), p_malignant=[theirs, None])
    assert compared(one, other).differing_decisions == 1


def test_nan_never_agrees(outputs) -> None:
    nan = outputs((0.9, math.nan))
    for ours, theirs in ((nan, outputs()), (outputs(), nan), (nan, nan)):
        found = compared(ours, theirs)
        assert not found.same_decisions
        assert math.isnan(found.largest_difference)


def test_a_missing_candidate_is_seen(outputs) -> None:
    fewer = replace(
        outputs(),
        candidates=[(1, 2, 3)],
        judged=[(1, 2, 3)],
        p_nodule=[0.9],
        p_malignant=[None],
        mask_voxels=97,
    )
    found = compared(fewer, outputs())
    assert not found.same_decisions
    assert found.differing_candidates == 1
    assert found.judged == 1
    assert found.differing_mask_voxels == 3
    assert found.describe().startswith("1 OF 2 CANDIDATES DIFFER, the same 1 decisions, mask sizes")


def test_another_order_and_a_repeated_candidate_are_seen(outputs) -> None:
    swapped = replace(outputs(), candidates=[(4, 5, 6), (1, 2, 3)])
    assert compared(swapped, outputs()).differing_candidates == 2
    twice = replace(outputs(), candidates=[(1, 2, 3), (1, 2, 3), (4, 5, 6)])
    assert compared(twice, outputs()).differing_candidates == 1


def in_region(outputs, places, p_nodule):
    """Return the results of a configuration that searched a region and found these candidates."""
    return replace(
        outputs(),
        candidates=list(places),
        judged=list(places),
        p_nodule=list(p_nodule),
        p_malignant=[None] * len(places),
        mask_voxels=40,
        restricted=True,
    )


def test_a_region_may_miss_candidates_outside(outputs) -> None:
    for places, p_nodule in (([(1, 2, 3)], [0.9]), ([(4, 5, 6)], [0.2])):
        found = compared(in_region(outputs, places, p_nodule), outputs())
        assert found.same_decisions
        assert (found.candidates, found.in_region, found.judged) == (2, 1, 1)
        assert found.differing_mask_voxels == 0
        assert found.describe() == (
            "the same candidates (1 of 2 lie in the lung field), the same 1 decisions, "
            "probabilities differ by at most 0.0e+00"
        )


def test_a_region_must_not_have_other_candidates(outputs) -> None:
    strange = in_region(outputs, [(1, 2, 3), (7, 7, 7)], [0.9, 0.1])
    found = compared(strange, outputs())
    assert not found.same_decisions
    assert (found.differing_candidates, found.judged) == (1, 1)
    assert found.describe().startswith("1 OF 2 CANDIDATES IN THE LUNG FIELD DIFFER, the same 1 dec")
    twice = in_region(outputs, [(1, 2, 3), (1, 2, 3)], [0.9, 0.9])
    assert compared(twice, outputs()).differing_candidates == 1


def test_a_region_keeps_the_order(outputs) -> None:
    swapped = in_region(outputs, [(4, 5, 6), (1, 2, 3)], [0.2, 0.9])
    found = compared(swapped, outputs())
    assert not found.same_decisions
    assert found.differing_candidates == 1


def test_a_region_must_decide_the_same(outputs) -> None:
    found = compared(in_region(outputs, [(4, 5, 6)], [0.8]), outputs())
    assert not found.same_decisions
    assert found.differing_decisions == 1
    assert found.largest_difference == pytest.approx(0.6)
    assert "1 OF 1 DECISIONS DIFFER, probabilities differ by at most 6.0e-01" in found.describe()
    nan = in_region(outputs, [(4, 5, 6)], [math.nan])
    assert not compared(nan, outputs()).same_decisions


def test_two_results_of_the_same_region_are_compared_in_full(outputs) -> None:
    whole = in_region(outputs, [(1, 2, 3), (4, 5, 6)], [0.9, 0.2])
    part = replace(in_region(outputs, [(1, 2, 3)], [0.9]), mask_voxels=39)
    found = compared(part, whole)
    assert (found.differing_candidates, found.differing_mask_voxels) == (1, 1)
    assert found.in_region is None


def test_the_whole_volume_must_not_miss_candidates(outputs) -> None:
    fewer = replace(in_region(outputs, [(1, 2, 3)], [0.9]), restricted=False)
    assert compared(fewer, outputs()).differing_candidates == 1


def test_slices_are_compared_voxel_by_voxel(outputs, tmp_path: Path) -> None:
    theirs = np.full((2, 1, 4, 4), 0.25, np.float32)
    ours = theirs.copy()
    ours[1, 0, 2, 2] = 0.75
    for name, values in (("ours", ours), ("theirs", theirs)):
        np.savez(tmp_path / f"{name}.npz", segmentation=values, nodule=values)
    found = compare_arrays(
        compared(outputs(), outputs()), tmp_path / "ours.npz", tmp_path / "theirs.npz", LIMITS
    )
    assert (found.slices, found.differing_slice_voxels) == (2, 1)
    assert found.largest_slice_difference == 0.5
    assert "in 2 slices compared voxel by voxel, 1 voxels of the mask differ" in found.describe()
