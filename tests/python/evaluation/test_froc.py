"""LUNA16's curve against a second calculation from its definition, and its own rules."""

from __future__ import annotations

import math

import independent_froc as independent
import numpy as np
import pytest
from evaluation_examples import excluded, marks, nodule
from hypothesis import given, settings
from hypothesis import strategies as st

from lungrt.data.annotations import ExcludedMark, Nodule
from lungrt.evaluation.froc import FALSE_POSITIVES_PER_SCAN, Froc, froc, score_marks, threshold_at
from lungrt.evaluation.reports import Marks

# Few different values, so that ties, shared marks and shared places are common.
PLACES = st.tuples(*[st.integers(0, 6).map(lambda k: 2.5 * k)] * 2, st.just(0.0))
FINDINGS = st.tuples(PLACES, st.sampled_from([3.0, 5.0, 8.0, 12.5]))
PROBABILITIES = st.integers(0, 8).map(lambda k: k / 8)
SCANS = st.builds(
    independent.Scan,
    marks=st.lists(st.tuples(PLACES, PROBABILITIES), max_size=12),
    nodules=st.lists(FINDINGS, max_size=3),
    excluded=st.lists(FINDINGS, max_size=2),
)


def ours(scans: list[independent.Scan], **options: int) -> Froc | None:
    """Score the same scans with lungrt."""
    return froc([scored(scan) for scan in scans], **{"bootstraps": 0, **options})


def scored(scan: independent.Scan) -> object:
    count = len(scan.marks)
    return score_marks(
        Marks(
            np.array([place for place, _ in scan.marks]).reshape(-1, 3),
            np.array([p for _, p in scan.marks], float),
            np.full(count, np.nan),
            np.ones(count),
        ),
        [Nodule("s", *finding) for finding in scan.nodules],
        [ExcludedMark("s", *finding) for finding in scan.excluded],
    )


@settings(max_examples=200)
@given(st.lists(SCANS, min_size=1, max_size=6))
def test_equals_the_independent_calculation(scans: list[independent.Scan]) -> None:
    curve = ours(scans)
    if not any(scan.nodules for scan in scans):
        assert curve is None
        return
    assert curve is not None
    expected = independent.sensitivities(scans)
    assert list(curve.at.values()) == pytest.approx(expected)
    assert curve.cpm == pytest.approx(sum(expected) / 7)


@pytest.mark.parametrize("seed", range(3))
def test_equals_it_for_scans_of_many_marks(seed: int) -> None:
    generator = np.random.default_rng(seed)
    scans = []
    for _ in range(3):
        places = generator.integers(-25, 25, (130, 3)) * np.array([1.0, 1.0, 0.1])
        places[:, 2] = np.round(places[:, 2])
        p = generator.integers(0, 1000, 130) / 1000  # some tie, at the hundredth mark too
        findings = [
            ((*generator.integers(-20, 20, 2).astype(float).tolist(), 0.0), float(d))
            for d in (12, 9, 6, 8)
        ]
        scans.append(
            independent.Scan(
                [(tuple(place), float(q)) for place, q in zip(places.tolist(), p, strict=True)],
                findings[:3],
                findings[3:],
            )
        )
    curve = ours(scans)
    assert curve is not None
    assert 0 < curve.cpm < 1
    assert list(curve.at.values()) == pytest.approx(independent.sensitivities(scans))
    # A third way: scikit-learn's ROC, scaled to marks and nodules.
    assert curve.cpm == pytest.approx(_by_roc(scans))


def _by_roc(scans: list[independent.Scan]) -> float:
    metrics = pytest.importorskip("sklearn.metrics")
    each = [scored(scan) for scan in scans]
    hits = np.concatenate([scan.hit[~np.isnan(scan.hit)] for scan in each])  # type: ignore[attr-defined]
    false = np.concatenate([scan.false for scan in each])  # type: ignore[attr-defined]
    nodules = sum(scan.hit.size for scan in each)  # type: ignore[attr-defined]
    x, y, _ = metrics.roc_curve([1] * len(hits) + [0] * len(false), [*hits, *false])
    rates = x * len(false) / len(scans)
    return float(np.interp(FALSE_POSITIVES_PER_SCAN, rates, y * len(hits) / nodules).mean())


def test_a_hit_is_nearer_than_half_the_diameter() -> None:
    scan = score_marks(marks((5.0, 0.9, None), (4.99, 0.4, None)), [nodule(0.0, 10.0)], [])
    assert scan.hit.tolist() == [0.4]
    assert scan.false.tolist() == [0.9]


def test_several_hits_count_once_with_the_most_likely() -> None:
    scan = score_marks(marks((0.0, 0.2, None), (1.0, 0.7, None), (2.0, 0.6, None)), [nodule()], [])
    assert scan.hit.tolist() == [0.7]
    assert scan.false.size == 0


def test_one_mark_may_hit_two_nodules() -> None:
    scan = score_marks(marks((0.0, 0.3, None)), [nodule(-2.0), nodule(2.0)], [])
    assert scan.hit.tolist() == [0.3, 0.3]


def test_excluded_findings_count_for_nothing_but_a_nodule_there_does() -> None:
    places = marks((20.0, 0.9, None), (0.0, 0.5, None))
    scan = score_marks(places, [nodule()], [excluded(20.0), excluded(0.0)])
    assert scan.hit.tolist() == [0.5]
    assert scan.false.size == 0


def test_marks_that_tie_with_the_hundred_and_first_go_out() -> None:
    likely = [(50.0 + k, 0.9, None) for k in range(98)]
    tied = [(0.0, 0.5, None)] * 3
    assert np.isnan(score_marks(marks(*likely, *tied), [nodule()], []).hit).all()
    assert score_marks(marks(*likely, *tied[:2]), [nodule()], []).hit.tolist() == [0.5]


def test_marks_of_equal_probability_enter_together() -> None:
    one = score_marks(marks((0.0, 0.5, None), (50.0, 0.5, None)), [nodule()], [])
    curve = froc([one], bootstraps=0)
    assert curve is not None
    # From (0, 0) straight to (1, 1): neither the hit nor the false mark is first.
    assert curve.at["0.5"] == pytest.approx(0.5)
    assert curve.at["1"] == 1.0


def test_false_marks_of_scans_without_nodules_count() -> None:
    found = score_marks(marks((0.0, 0.5, None)), [nodule()], [])
    empty = score_marks(marks((0.0, 0.9, None), (9.0, 0.8, None)), [], [])
    curve = froc([found, empty], bootstraps=0)
    assert curve is not None
    assert (curve.at["0.5"], curve.at["1"]) == (0.0, 1.0)
    assert curve.false_marks == 2


def test_without_nodules_there_is_no_curve() -> None:
    assert froc([score_marks(marks((0.0, 0.9, None)), [], [])]) is None


def test_without_any_mark_nothing_is_found() -> None:
    curve = froc([score_marks(marks(), [nodule()], [])], bootstraps=0)
    assert curve is not None
    assert curve.cpm == 0.0


@pytest.fixture
def many() -> list[object]:
    """Ten scans: the nodule of every other is found, each has a false mark."""
    return [
        score_marks(
            marks((0.0 if k % 2 else 30.0, 0.2 + k / 20, None), (50.0, 0.45, None)), [nodule()], []
        )
        for k in range(10)
    ]


def test_band_is_of_resampled_scans(many: list[object]) -> None:
    curve = froc(many, bootstraps=200)  # type: ignore[arg-type]
    assert curve is not None
    assert curve.lower is not None
    assert curve.upper is not None
    assert curve.cpm_interval is not None
    assert curve.bootstraps == 200
    assert curve.cpm_interval[0] < curve.cpm < curve.cpm_interval[1]
    for low, value, high in zip(curve.lower, curve.sensitivity, curve.upper, strict=True):
        assert low <= value <= high
    assert froc(many, bootstraps=200) == curve  # type: ignore[arg-type]
    assert froc(many, bootstraps=200, seed=1) != curve  # type: ignore[arg-type]


def test_a_resampling_is_the_curve_of_the_scans_it_drew() -> None:
    """With a scan of a nodule and one without, what is drawn can be told from the curve."""
    found = score_marks(marks((0.0, 0.9, None)), [nodule()], [])
    empty = score_marks(marks((0.0, 0.95, None)), [], [])
    curve = froc([found, empty], bootstraps=400)
    assert curve is not None
    # Both empty, a quarter of the time: no nodule, left out. Twice the nodule: found at once.
    assert 250 < curve.bootstraps < 350
    assert curve.lower is not None
    assert curve.upper is not None
    assert curve.upper[0] == 1.0
    assert curve.lower[0] < 0.5


def test_one_scan_has_no_band() -> None:
    curve = froc([score_marks(marks((0.0, 0.9, None)), [nodule()], [])])
    assert curve is not None
    assert (curve.lower, curve.upper, curve.cpm_interval) == (None, None, None)


def test_threshold_of_a_rate(many: list[object]) -> None:
    scan = score_marks(marks((50.0, 0.9, None), (60.0, 0.6, None), (0.0, 0.7, None)), [], [])
    assert threshold_at([scan], 1.0) == 0.9
    assert threshold_at([scan], 2.0) == 0.7
    assert threshold_at([scan], 0.5) == math.inf
    assert threshold_at([scan], 8.0) == 0.6
    assert threshold_at([score_marks(marks(), [], [])], 1.0) == -math.inf
