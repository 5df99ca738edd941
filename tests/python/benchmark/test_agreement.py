"""Comparison of results: every kind of difference is found."""

from __future__ import annotations

import math

import pytest

from lungrt.benchmark.agreement import Agreement, compare_outputs, compare_records
from lungrt.benchmark.plan import Configuration
from lungrt.benchmark.run import Measurement, Record
from lungrt.comparison.diagnosis import Thresholds

FIRST, SECOND = (1, 2, 3), (4, 5, 6)


def compared(ours, theirs) -> Agreement:
    return compare_outputs(ours, theirs, "eager", Thresholds())


def test_equal_results(outputs) -> None:
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
    malignant = compared(outputs(p_malignant=(0.3, None)), outputs(p_malignant=(0.32, None)))
    assert malignant.same_decisions
    assert malignant.largest_difference == pytest.approx(0.02)


def test_a_differing_decision_is_seen(outputs) -> None:
    found = compared(outputs((0.9, 0.500001)), outputs((0.9, 0.499999)))
    assert not found.same_decisions
    assert found.differing_decisions == 1
    assert "1 OF 2 DECISIONS DIFFER" in found.describe()


def test_decisions_use_the_thresholds_of_the_bundle(outputs) -> None:
    pair = outputs((0.9, 0.6)), outputs((0.9, 0.4))
    assert compare_outputs(*pair, "eager", Thresholds(nodule=0.7)).same_decisions
    assert not compare_outputs(*pair, "eager", Thresholds(nodule=0.5)).same_decisions


def test_a_missing_candidate_is_seen(outputs) -> None:
    found = compared(outputs((0.9,), [FIRST], mask_voxels=97), outputs())
    assert not found.same_decisions
    assert (found.differing_candidates, found.judged, found.differing_mask_voxels) == (1, 1, 3)
    assert found.describe().startswith(
        "1 OF 2 CANDIDATES DIFFER, the same 1 decisions, mask sizes differ by 3 voxels"
    )


def test_another_order_and_a_repeated_candidate_are_seen(outputs) -> None:
    swapped = outputs((0.2, 0.9), [SECOND, FIRST])
    assert compared(swapped, outputs()).differing_candidates == 1
    assert compared(swapped | {"restricted": True}, outputs()).differing_candidates == 1
    twice = outputs((0.9, 0.9, 0.2), [FIRST, FIRST, SECOND])
    assert compared(twice, outputs()).differing_candidates == 1
    assert compared(twice | {"restricted": True}, outputs()).differing_candidates == 1


def test_a_region_may_miss_candidates_outside(outputs) -> None:
    for place, p_nodule in ((FIRST, 0.9), (SECOND, 0.2)):
        found = compared(outputs((p_nodule,), [place], mask_voxels=40, restricted=True), outputs())
        assert found.same_decisions
        assert (found.candidates, found.in_region, found.judged) == (2, 1, 1)
        assert found.differing_mask_voxels == 0
        assert found.describe() == (
            "the same candidates (1 of 2 lie in the lung field), the same 1 decisions, "
            "probabilities differ by at most 0.0e+00"
        )


def test_a_region_must_not_have_other_candidates(outputs) -> None:
    found = compared(outputs((0.9, 0.1), [FIRST, (7, 7, 7)], restricted=True), outputs())
    assert not found.same_decisions
    assert (found.differing_candidates, found.judged) == (1, 1)
    assert found.describe().startswith("1 OF 2 CANDIDATES IN THE LUNG FIELD DIFFER, the same 1 dec")


def test_a_region_must_decide_the_same(outputs) -> None:
    found = compared(outputs((0.8,), [SECOND], restricted=True), outputs())
    assert not found.same_decisions
    assert found.differing_decisions == 1
    assert "1 OF 1 DECISIONS DIFFER, probabilities differ by at most 6.0e-01" in found.describe()


def test_results_of_the_same_region_are_compared_in_full(outputs) -> None:
    for restricted in (True, False):
        whole = outputs(restricted=restricted)
        part = outputs((0.9,), [FIRST], mask_voxels=99, restricted=restricted)
        found = compared(part, whole)
        assert (found.differing_candidates, found.differing_mask_voxels) == (1, 1)
        assert found.in_region is None


def measured(configuration: Configuration, *outputs) -> Record:
    measurements = [Measurement(number, 0.1, [], one) for number, one in enumerate(outputs)]
    return Record(configuration, measurements)


def test_the_worst_round_counts(outputs) -> None:
    eager = measured(Configuration("eager"), outputs(), outputs())
    for rounds in ([outputs(), outputs((0.9, 0.9))], [outputs((0.9, math.nan)), outputs()]):
        ours = measured(Configuration("native"), *rounds)
        compare_records([eager, ours], Thresholds())
        assert eager.agreement.same_decisions
        assert ours.agreement.differing_decisions == 1
        assert ours.agreement.baseline == "eager on cpu, 1 thread"


def test_the_first_of_a_group_that_finished_is_the_baseline(outputs) -> None:
    failed = measured(Configuration("eager"))
    first, second = (measured(Configuration(name), outputs()) for name in ("native", "other"))
    elsewhere = measured(Configuration("native", threads=2), outputs())
    compare_records([failed, first, second, elsewhere], Thresholds())
    assert failed.agreement is None
    assert second.agreement.baseline == first.agreement.baseline == first.configuration.key
    assert elsewhere.agreement.baseline == elsewhere.configuration.key


def test_the_baseline_searches_the_whole_volume_if_any_does(outputs) -> None:
    lung = measured(
        Configuration("native", profile="lung"), outputs((0.2,), [SECOND], restricted=True)
    )
    book = measured(Configuration("native", threads=2), outputs())
    compare_records([lung, book], Thresholds())
    assert lung.agreement.baseline == book.agreement.baseline == book.configuration.key
    assert lung.agreement.in_region == 1
    compare_records([lung, measured(book.configuration)], Thresholds())
    assert lung.agreement.baseline == lung.configuration.key
    assert lung.agreement.in_region is None
