"""What tests on a GPU accept as the same diagnosis, and what they do not."""

from __future__ import annotations

from dataclasses import replace

import compare
import numpy as np
import pytest

from lungrt.comparison.diagnosis import Diagnosis, Mark, Thresholds

SHAPE = (4, 40, 40)


def mark(row: int, p_nodule: float) -> Mark:
    return Mark((1, row, 5), (5.0, float(row), 1.0), p_nodule)


MARKS = [mark(5, 0.1), mark(15, 0.9), mark(25, 0.5001)]


def diagnosis(marks: list[Mark], flips: int = 0) -> Diagnosis:
    mask = np.zeros(SHAPE, bool)
    mask.reshape(-1)[:flips] = True
    return Diagnosis("1.2", SHAPE, (0.0,) * 15, Thresholds(), {}, 0, marks, [], mask)


@pytest.mark.parametrize(
    ("marks", "flips"),
    [
        (MARKS, 0),
        (MARKS, compare.MASK_FLIPS),
        ([mark(5, 0.1005), *MARKS[1:]], 0),
        ([*MARKS[:2], mark(25, 0.4999)], 0),  # a decision within the band
        ([mark(6, 0.8), *MARKS[1:]], 1),  # one voxel moved a centre, and so its crop
        (MARKS[1:], 1),
        ([*MARKS, mark(35, 0.9)], 1),
    ],
)
def test_rounding_is_accepted(marks: list[Mark], flips: int) -> None:
    compare.assert_same_diagnosis(diagnosis(marks, flips), diagnosis(MARKS))


@pytest.mark.parametrize(
    ("marks", "flips", "message"),
    [
        (MARKS, compare.MASK_FLIPS + 1, "voxels of the mask flipped"),
        (MARKS[1:], 0, "1 candidates are lost"),
        ([*MARKS, mark(35, 0.1)], 0, "1 new"),
        ([mark(6, 0.1), *MARKS[1:]], 0, "1 moved"),
        ([mark(5, 0.11), *MARKS[1:]], 0, "probabilities differ"),
        ([mark(5, float("nan")), *MARKS[1:]], 0, "probabilities differ"),
    ],
)
def test_more_is_not(marks: list[Mark], flips: int, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        compare.assert_same_diagnosis(diagnosis(marks, flips), diagnosis(MARKS))


def test_a_decision_beyond_the_band_is_not() -> None:
    expected = diagnosis([mark(5, 0.5006)])
    with pytest.raises(AssertionError, match="decisions differ"):
        compare.assert_same_diagnosis(diagnosis([mark(5, 0.4998)]), expected)


def test_masks_are_needed() -> None:
    without = replace(diagnosis(MARKS), mask=None)
    with pytest.raises(AssertionError, match="with their masks"):
        compare.assert_same_diagnosis(without, diagnosis(MARKS))
