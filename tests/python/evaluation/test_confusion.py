"""The book's table: which mark belongs to which nodule, and how it is printed."""

from __future__ import annotations

import numpy as np
import pytest
from evaluation_examples import Mark, nodule, report
from hypothesis import given, settings
from hypothesis import strategies as st

from lungrt.data.annotations import Nodule
from lungrt.evaluation.confusion import (
    BENIGN,
    FILTERED,
    MALIGNANT,
    MISSED,
    ConfusionTable,
    confuse,
    mark_classes,
)


def table_of(
    candidates: list[Mark], nodules: list[Nodule], *, malignancy: bool = True
) -> ConfusionTable:
    """Score one scan."""
    table = ConfusionTable.empty(malignancy)
    table.add(nodules, *confuse(report("s", candidates, malignancy=malignancy), nodules))
    return table


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ((0.0, 0.49999, None), FILTERED),
        ((0.0, 0.5, 0.2), BENIGN),  # at the threshold it passes, unlike in a report
        ((0.0, 0.9, 0.49999), BENIGN),
        ((0.0, 0.9, 0.5), MALIGNANT),
        ((0.0, 0.4, 0.9), FILTERED),  # malignancy counts only for what passes
        ((0.0, 0.5, None), BENIGN),
    ],
)
def test_class_of_a_mark(mark: Mark, expected: int) -> None:
    assert mark_classes(report("s", [mark], malignancy=True)).tolist() == [expected]


def test_a_report_has_its_own_thresholds() -> None:
    assert mark_classes(report("s", [(0.0, 0.6, None)], threshold=0.7)).tolist() == [FILTERED]


@pytest.mark.parametrize(("x", "expected"), [(6.99, BENIGN), (7.0, MISSED), (-6.99, BENIGN)])
def test_a_mark_belongs_within_seven_tenths_of_the_diameter(x: float, expected: int) -> None:
    of_nodules, of_strays = confuse(report("s", [(x, 0.9, None)]), [nodule(0.0, 10.0)])
    assert of_nodules.tolist() == [expected]
    assert len(of_strays) == (expected == MISSED)


def test_a_nodule_takes_the_highest_class_and_its_other_marks_are_no_strays() -> None:
    candidates: list[Mark] = [(0.0, 0.1, None), (1.0, 0.9, 0.8), (2.0, 0.8, 0.1), (90.0, 0.7, 0.6)]
    of_nodules, of_strays = confuse(report("s", candidates, malignancy=True), [nodule()])
    assert of_nodules.tolist() == [MALIGNANT]
    assert of_strays.tolist() == [MALIGNANT]


def test_one_mark_may_belong_to_several_nodules() -> None:
    nodules = [nodule(-3.0, malignant=True), nodule(3.0, malignant=False)]
    table = table_of([(0.0, 0.9, 0.9)], nodules)
    assert table.counts["Malignant"] == [0, 0, 0, 1]
    assert table.counts["Benign"] == [0, 0, 0, 1]
    assert table.counts["Non-Nodules"] == [0, 0, 0, 0]


def test_table_with_malignancy_as_the_book_prints_it() -> None:
    nodules = [
        nodule(0.0, malignant=False),
        nodule(30.0, malignant=True),
        nodule(60.0, malignant=True),
    ]
    candidates: list[Mark] = [(0.0, 0.9, 0.1), (30.0, 0.2, None), (90.0, 0.1, None)]
    assert str(table_of(candidates, nodules)) == "\n".join(
        [
            "                 |    Complete Miss |     Filtered Out |     Pred. Benign |"
            "  Pred. Malignant",
            "     Non-Nodules |                  |                1 |                0 |"
            "                0",
            "          Benign |                0 |                0 |                1 |"
            "                0",
            "       Malignant |                1 |                1 |                0 |"
            "                0",
        ]
    )


def test_without_a_malignancy_model_what_passes_is_one_column() -> None:
    candidates: list[Mark] = [(0.0, 0.9, None), (90.0, 0.8, None), (80.0, 0.1, None)]
    table = table_of(candidates, [nodule(malignant=True)], malignancy=False)
    assert table.header() == ["", "Complete Miss", "Filtered Out", "Pred. Nodule"]
    assert table.rows() == [
        ["Non-Nodules", "", 1, 1],
        ["Benign", 0, 0, 0],
        ["Malignant", 0, 0, 1],
    ]


def test_unrated_nodules_have_a_row_where_there_are_some() -> None:
    assert table_of([], [nodule()]).rows()[-1] == ["Unrated", 1, 0, 0, 0]
    assert table_of([], []).rows()[-1] == ["Malignant", 0, 0, 0, 0]


MARKS = st.lists(
    st.tuples(
        st.integers(-20, 20).map(float),
        st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]),
        st.sampled_from([None, 0.1, 0.5, 0.9]),
    ),
    max_size=8,
)
NODULES = st.lists(
    st.builds(
        nodule,
        st.integers(-20, 20).map(float),
        st.sampled_from([3.0, 8.0, 15.0]),
        st.sampled_from([True, False, None]),
    ),
    max_size=4,
)


@settings(max_examples=150)
@given(MARKS, NODULES)
def test_equals_loops_over_the_definition(candidates: list[Mark], nodules: list[Nodule]) -> None:
    def rank(p: float, malignant: float | None) -> int:
        return 1 if p < 0.5 else 3 if malignant is not None and malignant >= 0.5 else 2

    def belongs(mark: Mark, true: Nodule) -> bool:
        return abs(mark[0] - true.center_mm[0]) / true.diameter_mm < 0.7

    strays = [
        rank(*mark[1:]) for mark in candidates if not any(belongs(mark, true) for true in nodules)
    ]
    best = [
        max((rank(*mark[1:]) for mark in candidates if belongs(mark, true)), default=0)
        for true in nodules
    ]
    table = table_of(candidates, nodules)
    assert table.counts["Non-Nodules"] == np.bincount(strays, minlength=4).tolist()
    for name, malignant in (("Benign", False), ("Malignant", True), ("Unrated", None)):
        own = [b for b, true in zip(best, nodules, strict=True) if true.malignant is malignant]
        assert table.counts[name] == np.bincount(own, minlength=4).tolist()
