"""Times count for nothing where results differ: each way to differ is seen."""

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
    assert found.in_words() == (
        "same 2 candidates, same 2 decisions, mask of equal size, |p - p'| <= 0.0e+00"
    )


def test_small_differences_are_measured(outputs) -> None:
    found = compared(outputs((0.9, 0.2001)), outputs())
    assert found.same_decisions
    assert found.largest_difference == pytest.approx(1e-4)


def test_a_differing_decision_is_seen(outputs) -> None:
    found = compared(outputs((0.9, 0.500001)), outputs((0.9, 0.499999)))
    assert not found.same_decisions
    assert found.differing_decisions == 1
    assert "1 DECISIONS DIFFER (of 2)" in found.in_words()


def test_the_bundle_says_where_decisions_are_made(outputs) -> None:
    pair = outputs((0.9, 0.6)), outputs((0.9, 0.4))
    assert compare_outputs(*pair, "eager", Thresholds(nodule=0.7)).same_decisions
    assert not compare_outputs(*pair, "eager", Thresholds(nodule=0.5)).same_decisions


@pytest.mark.parametrize(("ours", "theirs"), [(0.4, 0.6), (None, 0.6), (None, 0.4)])
def test_a_differing_malignancy_is_seen(outputs, ours, theirs) -> None:
    one = replace(outputs(), p_malignant=[ours, None])
    other = replace(outputs(), p_malignant=[theirs, None])
    assert compared(one, other).differing_decisions == 1


def test_no_number_is_no_agreement(outputs) -> None:
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
    assert found.in_words().startswith("1 CANDIDATES DIFFER (of 2), same 1 decisions, mask sizes")


def test_another_order_and_a_repeated_candidate_are_seen(outputs) -> None:
    swapped = replace(outputs(), candidates=[(4, 5, 6), (1, 2, 3)])
    assert compared(swapped, outputs()).differing_candidates == 2
    twice = replace(outputs(), candidates=[(1, 2, 3), (1, 2, 3), (4, 5, 6)])
    assert compared(twice, outputs()).differing_candidates == 1


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
    assert "of 2 slices 1 voxels differ" in found.in_words()
