"""ROC with its baseline, calibration, subgroups, and everything together."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pytest
from evaluation_examples import excluded, nodule, report
from hypothesis import given, settings
from hypothesis import strategies as st

from lungrt.data.truth import Truth
from lungrt.errors import InvalidArgument
from lungrt.evaluation.calibration import calibrate
from lungrt.evaluation.document import Evaluation, submission
from lungrt.evaluation.malignancy import compare_auc, roc
from lungrt.evaluation.reports import ScanReport
from lungrt.evaluation.score import score
from lungrt.evaluation.selection import select
from lungrt.evaluation.subgroups import Outcome, count_subgroups
from lungrt.statistics import resampled_aucs


def evaluate(reports: list[ScanReport], truth: Truth, **options: object) -> Evaluation:
    """Score every report."""
    known = {r.series_uid for r in reports} | set(truth.by_series())
    count_missing = bool(options.pop("count_missing", False))
    chosen, findings = select(reports, truth, known, count_missing=count_missing)
    return score(chosen, truth, findings, **{"bootstraps": 200, **options})  # type: ignore[arg-type]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=12))
def test_auc_is_the_share_of_pairs_in_order(items: list[tuple[bool, int]]) -> None:
    found = roc("x", [t for t, _ in items], [s for _, s in items], ["g"] * len(items))
    pairs = [(a > b) + 0.5 * (a == b) for t, a in items if t for u, b in items if not u]
    assert found.auc == (pytest.approx(np.mean(pairs)) if pairs else None)


def test_one_class_alone_has_no_auc_and_says_so() -> None:
    found = roc("x", [True, True], [0.1, 0.2], ["a", "b"])
    assert (found.auc, found.interval) == (None, None)
    assert found.undefined == "undefined: 0 benign and 2 malignant nodules"
    assert roc("x", [], [], []).undefined == "undefined: 0 benign and 0 malignant nodules"
    assert compare_auc([True], [0.5], [0.5], ["a"]) is None


def test_interval_is_that_of_the_grouped_bootstrap() -> None:
    generator = np.random.default_rng(3)
    truth = generator.random(30) < 0.4
    scores = generator.integers(0, 8, 30) + 2.0 * truth
    groups = generator.integers(0, 12, 30).astype(str)
    found = roc("x", truth.tolist(), scores.tolist(), groups.tolist(), bootstraps=150, seed=5)
    (aucs,) = resampled_aucs(truth, [scores], groups, bootstraps=150, seed=5)
    assert found.interval == tuple(np.percentile(aucs, [2.5, 97.5]))


def test_one_scan_has_no_interval() -> None:
    found = roc("x", [True, False, False], [3, 1, 2], ["a"] * 3)
    assert found.auc == 1.0
    assert found.interval is None
    assert found.undefined.startswith("no interval")


def test_difference_to_a_baseline_is_paired() -> None:
    truth = [True, False] * 10
    scores = [float(k % 7) for k in range(20)]
    groups = [str(k) for k in range(20)]
    assert compare_auc(truth, scores, scores, groups) == (0.0, 0.0)


def test_calibration_by_hand() -> None:
    found = calibrate("x", [0.05, 0.05, 0.95, 1.0], [False, True, True, True])
    assert found is not None
    assert [(b.count, b.frequency) for b in found.bins] == [(2, 0.5), (2, 1.0)]
    assert found.expected_error == pytest.approx((2 * 0.45 + 2 * 0.025) / 4)
    assert found.brier == pytest.approx((0.05**2 + 0.95**2 + 0.05**2 + 0) / 4)
    assert calibrate("x", [], []) is None


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=20))
def test_calibration_counts_everything_once(items: list[tuple[float, bool]]) -> None:
    found = calibrate("x", [p for p, _ in items], [t for _, t in items])
    assert found is not None
    assert sum(b.count for b in found.bins) == len(items)
    assert 0 <= found.expected_error <= 1
    mean = sum(b.count * b.mean_probability for b in found.bins) / len(items)
    assert mean == pytest.approx(np.mean([p for p, _ in items]))


def names_of(*nodules: object, **options: float) -> dict[str, int]:
    outcomes = [Outcome(n, 2, 0.9, 0.9, None) for n in nodules]  # type: ignore[arg-type]
    subgroups = count_subgroups(outcomes, options.get("at_1", 0.5), options.get("at_4", 0.5))
    return {f"{s.group}: {s.name}": s.nodules for s in subgroups}


def test_subgroups_by_size() -> None:
    found = names_of(*[nodule(diameter_mm=d) for d in (3.9, 4.0, 5.99, 6.0, 29.9, 30.0, 200.0)])
    assert found == {
        "all: all nodules": 7,
        "size: under 4 mm": 1,
        "size: 4 - 6 mm": 2,
        "size: 6 - 8 mm": 1,
        "size: 20 - 30 mm": 1,
        "size: 30 mm or more": 2,
        "size: 6 mm or more, together": 4,
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"difficulty": "hard", "diameter_mm": 25.0, "subtlety": 5.0}, "hard"),
        ({"subtlety": 4.0, "diameter_mm": 4.0}, "easy"),
        ({"subtlety": 3.0}, "medium"),
        ({"subtlety": 2.9}, "hard"),
        ({"ratings": (1, 2, 3, 4), "diameter_mm": 10.0}, "easy"),
        ({"ratings": (1, 2, 3), "diameter_mm": 10.0}, "medium"),
        ({"ratings": (1, 2, 3, 4), "diameter_mm": 9.9}, "medium"),
        ({"ratings": (1, 2, 3, 4), "diameter_mm": 5.9}, "hard"),
        ({}, None),
    ],
)
def test_subgroups_by_difficulty(options: dict[str, object], expected: str | None) -> None:
    found = [name for name in names_of(nodule(**options)) if name.startswith("diff")]  # type: ignore[arg-type]
    assert found == ([f"difficulty: {expected}"] if expected else [])


@pytest.mark.parametrize(
    ("ratings", "readers", "agreement"),
    [
        ((3,), "1 reader", None),
        ((4, 3), "2 readers", "agree"),
        ((5, 3, 4), "3 readers", "differ"),
        ((1, 4, 4, 4), "4 readers or more", "contradict"),
        ((2,) * 7, "4 readers or more", "agree"),
    ],
)
def test_subgroups_by_readers(
    ratings: tuple[int, ...], readers: str, agreement: str | None
) -> None:
    found = names_of(nodule(ratings=ratings))
    assert f"readers: {readers}" in found
    assert [n for n in found if n.startswith("agr")] == (
        [f"agreement: {agreement}"] if agreement else []
    )


def test_subgroups_by_kind_and_truth() -> None:
    found = names_of(
        nodule(density="solid", malignant=True, shape="round"),
        nodule(density="ground glass", attachment="vessel"),
        nodule(density="solid", diameter_mm=5.9),
    )
    assert (found["density: solid"], found["density: ground glass"]) == (2, 1)
    assert found["solid: solid, 6 mm or more"] == 1
    assert (found["shape: round"], found["attachment: vessel"]) == (1, 1)
    assert found["truth: malignant"] == 1
    assert count_subgroups([], 0.5, 0.5) == []


def example() -> tuple[list[ScanReport], Truth]:
    """Three scans: found malignant, filtered benign, missed malignant, and false marks."""
    truth = Truth(
        [
            nodule(0.0, 12.0, True, uid="a"),
            nodule(40.0, 6.0, False, uid="a"),
            nodule(0.0, 20.0, True, uid="b"),
            nodule(0.0, 5.0, False, uid="c"),
        ],
        {"c": [excluded(60.0, uid="c")]},
        ["a", "b", "c"],
    )
    reports = [
        report("a", [(1.0, 0.9, 0.7), (40.0, 0.3, None), (80.0, 0.6, 0.2)], malignancy=True),
        report("b", [(70.0, 0.95, 0.9)], malignancy=True),
        report("c", [(60.0, 0.8, 0.1), (0.0, 0.7, 0.3)], malignancy=True),
    ]
    return reports, truth


def test_everything_together() -> None:
    e = evaluate(*example())
    assert [row[1:] for row in e.table.rows()] == [
        ["", 0, 2, 1],
        [0, 1, 1, 0],
        [1, 0, 0, 1],
    ]
    assert (e.counts.scans, e.counts.nodules, e.counts.candidates) == (3, 4, 6)
    # The mark on the excluded finding is no false one.
    assert (e.counts.reported, e.counts.false_reported, e.counts.ignored_reported) == (5, 2, 1)
    assert [c.title for c in e.misses] == ["malignant nodule, 20.0 mm", "benign nodule, 6.0 mm"]
    assert [c.detail for c in e.misses] == ["no candidate", "filtered out, p = 0.300"]
    assert [c.series_uid for c in e.false_marks] == ["b", "a"]
    assert e.false_marks[0].detail == "p(malignant) = 0.900"
    assert e.froc is not None
    assert e.froc.false_marks == 2
    m = e.malignancy
    assert m.found is not None
    assert (m.found.benign, m.found.malignant, m.found.auc) == (1, 1, 1.0)
    assert m.end_to_end is not None
    # 0.7 and 0 (missed) against 0 (filtered) and 0.3.
    assert m.end_to_end.auc == pytest.approx((1 + 1 + 0.5 + 0) / 4)
    assert m.end_to_end_diameter is not None
    assert m.end_to_end_diameter.auc == 1.0
    assert m.baseline.auc == 1.0
    by_title = {c.title: c for c in e.calibrations}
    assert by_title["p(nodule) of all candidates"].count == 5
    assert by_title["p(nodule) of all candidates"].positives == 3
    assert by_title["p(malignant) of found nodules"].count == 2
    assert e.findings.notes == []


def test_the_baseline_is_of_all_annotations_scored_or_not() -> None:
    reports, truth = example()
    more = Truth([*truth.nodules, nodule(0.0, 3.0, True, uid="elsewhere")], truth.excluded)
    e = evaluate(reports, more)
    assert e.malignancy.baseline.malignant == 3
    assert e.counts.nodules == 4


def test_missing_scans_are_scored_on_request() -> None:
    reports, truth = example()
    e = evaluate(reports[:2], truth)
    assert (e.counts.scans, e.counts.nodules) == (2, 3)
    assert e.findings.missing == ["c"]
    e = evaluate(reports[:2], truth, count_missing=True)
    assert (e.counts.scans, e.counts.nodules) == (3, 4)
    assert e.table.counts["Benign"] == [1, 1, 0, 0]
    assert e.findings.missing_counted
    assert e.froc is not None
    assert (e.froc.scans, e.froc.nodules) == (3, 4)


def test_scores_without_a_nodule_say_that_they_are_undefined() -> None:
    e = evaluate([report("a", [(0.0, 0.9, None)]), report("b")], Truth([], series=["a", "b"]))
    assert e.froc is None
    assert e.subgroups == []
    assert e.malignancy.found is None
    assert e.malignancy.baseline.undefined == "undefined: 0 benign and 0 malignant nodules"
    assert e.table.counts["Non-Nodules"] == [0, 0, 1, 0]
    assert json.loads(e.to_json())["froc"] is None


def test_scores_of_nothing_at_all() -> None:
    e = evaluate([report("a")], Truth([]))
    assert (e.calibrations, e.misses, e.false_marks) == ([], [], [])


def test_a_mark_that_passes_unasked_is_told() -> None:
    e = evaluate([report("a", [(0.0, 0.5, None)], malignancy=True)], Truth([nodule(uid="a")]))
    assert e.findings.notes == [
        "1 candidates pass the nodule threshold but have no p(malignant); "
        "they count as Pred. Benign"
    ]


def test_mixed_reports() -> None:
    reports = [report("a"), report("b", profile="lung")]
    truth = Truth([nodule(uid="a")])
    with pytest.raises(InvalidArgument, match="differ in profile"):
        evaluate(reports, truth)
    e = evaluate(reports, truth, allow_mixed=True)
    assert e.setup["profile"] == "mixed"
    assert "reports differ in profile" in e.findings.notes[0]


def test_merged_marks_are_what_is_false_and_candidates_what_is_scored() -> None:
    """A profile that merges reports other places than its candidates."""
    merged = report(
        "a", [(50.0, 0.9, None), (54.0, 0.8, None)], nodules=[(52.0, 0.9, None)], profile="lung"
    )
    e = evaluate([merged], Truth([], series=["a"]))
    assert e.table.counts["Non-Nodules"] == [0, 0, 2, 0]
    assert (e.counts.reported, e.counts.false_reported) == (1, 1)
    assert [c.center_mm[0] for c in e.false_marks] == [52.0]


def test_number_of_cases_is_limited() -> None:
    e = evaluate(*example(), cases=1)
    assert len(e.misses) == len(e.false_marks) == 1


def test_files_for_machines() -> None:
    e = evaluate(*example())
    content = json.loads(e.to_json(), parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert content["format_version"] == 1
    assert content["table"]["columns"][0] == "Complete Miss"
    assert content["table"]["rows"]["Non-Nodules"] == [None, 0, 2, 1]
    assert content["froc"]["cpm"] == e.froc.cpm  # type: ignore[union-attr]
    assert content["outcomes"][2]["book_class"] == "complete miss"
    assert "picture" not in content["misses"][0]
    rows = list(csv.DictReader(io.StringIO(e.to_csv())))
    assert [row["result"] for row in rows] == [
        "pred. malignant",
        "filtered out",
        "complete miss",
        "pred. benign",
    ]
    assert [row["p_malignant"] for row in rows] == ["0.7", "", "", "0.3"]


def test_submission_has_every_candidate() -> None:
    reports, _ = example()
    rows = list(csv.reader(io.StringIO(submission(reports))))
    assert rows[0] == ["seriesuid", "coordX", "coordY", "coordZ", "probability"]
    assert rows[1] == ["a", "1.0", "0.0", "0.0", "0.9"]
    assert len(rows) == 7


def test_patients_are_resampled_together_where_the_data_names_them() -> None:
    """Twins of one patient in many scans: whoever draws scans thinks to know more."""
    reports, nodules = [], []
    generator = np.random.default_rng(0)
    for patient in range(12):
        p = float(generator.random())
        for copy in range(6):
            uid = f"{patient}.{copy}"
            reports.append(report(uid, [(0.0, 0.9, p)], malignancy=True))
            nodules.append(nodule(malignant=patient % 2 == 0, uid=uid, patient=f"P{patient}"))
    alone = [nodule(malignant=n.malignant, uid=n.series_uid) for n in nodules]
    together, apart = (evaluate(reports, Truth(own)).malignancy.found for own in (nodules, alone))
    assert together is not None
    assert apart is not None
    assert together.interval is not None
    assert apart.interval is not None
    assert together.auc == apart.auc
    assert math.dist(together.interval, (0, 0)) > 0
    assert together.interval[1] - together.interval[0] > apart.interval[1] - apart.interval[0]
