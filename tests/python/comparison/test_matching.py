"""Pairing of marks: one to one, and independent of which list is called A."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungrt.comparison import matching
from lungrt.comparison.diagnosis import Mark
from lungrt.comparison.matching import match

# Few positions, so that marks often share voxels or have equal distances.
_indices = st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 5))
_marks = st.lists(_indices.map(lambda index: mark(*index)), max_size=12)
_distances = st.sampled_from([0.0, 0.7, 1.0, 2.5, 100.0])


def mark(slice_index: int, row: int, column: int, p: float = 0.5) -> Mark:
    return Mark((slice_index, row, column), (0.7 * column, 0.7 * row, 2.5 * slice_index), p)


@given(_marks, _marks, _distances)
def test_exchanging_the_lists_exchanges_the_result(
    a: list[Mark], b: list[Mark], within: float
) -> None:
    there, back = match(a, b, within), match(b, a, within)
    assert sorted((i, j) for j, i in back.pairs) == there.pairs
    assert (back.only_b, back.only_a) == (there.only_a, there.only_b)


@given(_marks, _marks, _distances)
def test_each_is_paired_once_or_alone(a: list[Mark], b: list[Mark], within: float) -> None:
    found = match(a, b, within)
    assert sorted([*(i for i, _ in found.pairs), *found.only_a]) == list(range(len(a)))
    assert sorted([*(j for _, j in found.pairs), *found.only_b]) == list(range(len(b)))
    for i, j in found.pairs:
        assert a[i].index == b[j].index or math.dist(a[i].center_mm, b[j].center_mm) <= within


@given(_marks, _marks, _distances)
def test_no_two_unpaired_marks_are_near_each_other(
    a: list[Mark], b: list[Mark], within: float
) -> None:
    found = match(a, b, within)
    for i in found.only_a:
        for j in found.only_b:
            assert a[i].index != b[j].index
            assert within == 0 or math.dist(a[i].center_mm, b[j].center_mm) > within


@given(_marks, _distances)
def test_a_list_is_paired_with_itself(a: list[Mark], within: float) -> None:
    found = match(a, a, within)
    assert [(a[i].index, i) for i, _ in found.pairs] == [(a[j].index, j) for _, j in found.pairs]
    assert not found.only_a
    assert not found.only_b


@given(st.lists(_indices, min_size=1, unique=True), st.data())
def test_one_that_moved_is_found(indices: list[tuple[int, int, int]], data: st.DataObject) -> None:
    a = [mark(*index) for index in indices]
    moved = data.draw(st.integers(0, len(a) - 1))
    b = list(a)
    slice_index, row, column = indices[moved]
    b[moved] = mark(slice_index, row, column + 10)  # away from all others
    found = match(a, b, 7.1)
    assert found.pairs == [(i, i) for i in range(len(a))]
    assert match(a, b, 6.9).only_a == [moved]
    assert match(a, b, 6.9).only_b == [moved]


def test_the_nearest_goes_first_and_equal_voxels_before_all() -> None:
    a = [mark(0, 0, 0), mark(0, 0, 3)]
    b = [mark(0, 0, 1), mark(0, 0, 3)]
    assert match(a, b, 100).pairs == [(0, 0), (1, 1)]
    near, far = mark(0, 0, 2), mark(0, 0, 5)
    assert match([mark(0, 0, 0)], [far, near], 100).pairs == [(0, 1)]


def test_many_marks_are_processed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    a = [mark(k, 0, 0) for k in range(7)]
    b = [mark(k, 0, 1) for k in range(7)]
    expected = match(a, b, 1)
    monkeypatch.setattr(matching, "_ROWS", 2)
    assert match(a, b, 1) == expected
    assert expected.pairs == [(k, k) for k in range(7)]
