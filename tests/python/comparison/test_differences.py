"""Differences: a diagnosis equals itself, and exactly the planted changes are found."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungrt.comparison.diagnosis import Diagnosis, Mark, Thresholds, decide
from lungrt.comparison.differences import CtDifference, compare, largest, total
from lungrt.errors import InvalidArgument


def mark(column: int, p: float = 0.2, malignant: float | None = None) -> Mark:
    return Mark((1, 2, column), (float(column), 2.0, 1.0), p, malignant)


def diagnosis(candidates: list[Mark], **changes: object) -> Diagnosis:
    plain = Diagnosis(
        series_uid="1.2",
        shape=(4, 5, 60),
        placing=(0.0,) * 15,
        thresholds=Thresholds(),
        how={"engine": "native"},
        mask_voxels=10,
        candidates=candidates,
        nodules=[one for one in candidates if one.p_nodule > 0.5],
        mask=np.zeros((4, 5, 60), bool),
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def assert_equal(found: CtDifference) -> None:
    assert found.same_decisions
    for one in (found.candidates, found.nodules):
        assert [*one.only_a, *one.only_b, *one.moved, *one.changed] == []
        assert one.largest_nodule == one.largest_malignant == 0.0
        assert one.count_a == one.count_b


_CANDIDATES = [mark(0), mark(10, 0.9, 0.3), mark(20, 0.7, 0.8), mark(30, 0.4)]
_probabilities = st.floats(0, 1)
_marks = st.lists(
    st.tuples(st.integers(0, 50), _probabilities, st.none() | _probabilities).map(
        lambda values: mark(*values)
    )
)


@given(_marks)
def test_nothing_differs_from_itself(marks: list[Mark]) -> None:
    assert_equal(compare("ct", diagnosis(marks), diagnosis(list(marks))))


@given(_marks, _marks)
def test_what_only_a_has_only_b_has_the_other_way_round(a: list[Mark], b: list[Mark]) -> None:
    there = compare("ct", diagnosis(a), diagnosis(b))
    back = compare("ct", diagnosis(b), diagnosis(a))
    for ours, theirs in ((there.candidates, back.candidates), (there.nodules, back.nodules)):
        assert (ours.only_a, ours.only_b) == (theirs.only_b, theirs.only_a)
        assert len(ours.moved) == len(theirs.moved)
        assert len(ours.changed) == len(theirs.changed)
        assert ours.largest_nodule == theirs.largest_nodule
        assert ours.largest_malignant == theirs.largest_malignant
    assert there.same_decisions == back.same_decisions


def test_a_decision_that_changed() -> None:
    other = [*_CANDIDATES[:3], mark(30, 0.6)]
    found = compare("ct", diagnosis(_CANDIDATES), diagnosis(other))
    (pair,) = found.candidates.changed
    assert (pair.decision_a, pair.decision_b) == ("no nodule", "nodule")
    assert (pair.a.p_nodule, pair.b.p_nodule) == (0.4, 0.6)
    assert found.candidates.largest_nodule == pytest.approx(0.2)
    assert found.nodules.only_b == [mark(30, 0.6)]
    assert not found.same_decisions


def test_a_malignancy_that_changed() -> None:
    other = [_CANDIDATES[0], mark(10, 0.9, 0.6), *_CANDIDATES[2:]]
    found = compare("ct", diagnosis(_CANDIDATES), diagnosis(other))
    for one in (found.candidates, found.nodules):
        (pair,) = one.changed
        assert (pair.decision_a, pair.decision_b) == ("benign", "malignant")
        assert one.largest_malignant == pytest.approx(0.3)
        assert one.largest_nodule == 0
        assert one.malignancies == 2


def test_one_that_moved_and_one_that_is_gone() -> None:
    other = [mark(3), *_CANDIDATES[1:3]]
    found = compare("ct", diagnosis(_CANDIDATES), diagnosis(other)).candidates
    (pair,) = found.moved
    assert (pair.a.index, pair.b.index, pair.distance_mm) == ((1, 2, 0), (1, 2, 3), 3.0)
    assert found.furthest_mm == 3.0
    assert found.only_a == [_CANDIDATES[3]]
    assert not found.only_b
    near = compare("ct", diagnosis(_CANDIDATES), diagnosis(other), within_mm=2.9).candidates
    assert near.only_a == [_CANDIDATES[0], _CANDIDATES[3]]


def test_moving_alone_changes_no_decision() -> None:
    other = [mark(3), *_CANDIDATES[1:]]
    assert compare("ct", diagnosis(_CANDIDATES), diagnosis(other)).same_decisions


def test_merged_marks_are_compared_as_they_are_listed() -> None:
    """Marks are merged after the candidates were listed and before the nodules are."""
    merged = diagnosis(_CANDIDATES, nodules=[_CANDIDATES[1]])
    found = compare("ct", diagnosis(_CANDIDATES), merged)
    assert found.candidates.same_decisions
    assert found.nodules.only_a == [_CANDIDATES[2]]
    assert not found.same_decisions


def test_each_side_decides_by_its_own_thresholds() -> None:
    strict = diagnosis(_CANDIDATES, thresholds=Thresholds(nodule=0.8))
    found = compare("ct", diagnosis(_CANDIDATES), strict)
    assert [pair.a for pair in found.candidates.changed] == [_CANDIDATES[2]]


def test_mask_flips_are_counted_where_masks_are_known() -> None:
    mask = np.zeros((4, 5, 60), bool)
    mask[0, 0, :7] = True
    shifted = np.roll(mask, 2, axis=2)
    found = compare("ct", diagnosis([], mask=mask), diagnosis([], mask=shifted)).mask
    assert (found.flips, found.voxels_a, found.voxels_b) == (4, 7, 7)
    unknown = compare("ct", diagnosis([], mask=None), diagnosis([], mask=mask, mask_voxels=12)).mask
    assert (unknown.flips, unknown.eroded_a, unknown.eroded_b) == (None, 10, 12)


def test_totals_are_sums_and_maxima() -> None:
    other = [mark(3, 0.3), *_CANDIDATES[1:3]]
    first = compare("1", diagnosis(_CANDIDATES), diagnosis(other))
    second = compare("2", diagnosis(_CANDIDATES), diagnosis([*_CANDIDATES[:3], mark(30, 0.6)]))
    both = total([first, second])
    assert both.candidates.count_a == 8
    assert both.candidates.count_b == 7
    assert len(both.candidates.only_a) == 1
    assert len(both.candidates.moved) == 1
    assert len(both.candidates.changed) == 1
    assert both.candidates.largest_nodule == pytest.approx(0.2)
    assert both.mask.flips == 0
    assert both.mask.eroded_a == 20
    assert not both.same_decisions
    unknown = compare("3", diagnosis([], mask=None), diagnosis([], mask=None))
    assert total([first, unknown]).mask.flips is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"series_uid": "1.3"}, "series 1.2 and 1.3"),
        ({"series_uid": ""}, "series 1.2 and without UID"),
        ({"shape": (4, 5, 61)}, r"shape \(4, 5, 60\) and \(4, 5, 61\)"),
        ({"placing": (0.0,) * 14 + (1.0,)}, "origin, spacing or direction differ"),
    ],
)
def test_another_ct_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=f"name: .* different CTs .*{message}"):
        compare("name", diagnosis([]), diagnosis([], **change))


def test_a_nan_is_like_nothing_else() -> None:
    nan = float("nan")
    assert decide(nan, None, Thresholds()) != decide(nan, None, Thresholds())
    assert math.isnan(largest([0.5, nan, 0.7]))
    assert largest([]) == 0.0


@pytest.mark.parametrize(
    ("p_nodule", "p_malignant", "expected"),
    [
        (0.5, None, "no nodule"),
        (0.51, None, "nodule"),
        (0.6, 0.5, "benign"),
        (0.6, 0.51, "malignant"),
        (0.4, 0.9, "no nodule"),
    ],
)
def test_decisions(p_nodule: float, p_malignant: float | None, expected: str) -> None:
    assert decide(p_nodule, p_malignant, Thresholds()) == expected
