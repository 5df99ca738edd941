"""The pipeline over volumes, candidates and options of any kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import triples, volumes

import lungrt
from lungrt import errors

few = settings(max_examples=25)


def run(pipeline: lungrt.Pipeline, volume: lungrt.CtVolume) -> lungrt.Report:
    return pipeline.run(volume, keep_masks=True, allow_non_hu=True)


@few
@given(volume=volumes())
def test_any_volume_gives_a_report_that_hangs_together(
    pipeline: lungrt.Pipeline, volume: lungrt.CtVolume
) -> None:
    report = run(pipeline, volume)
    for finding in report.candidates:
        assert all(0 <= i < n for i, n in zip(finding.index, volume.shape, strict=True))
        assert finding.center_mm == volume.geometry.to_world(finding.index)
        assert 0 <= finding.p_nodule <= 1
        assert finding.volume_mm3 > 0
        assert np.isfinite(finding.diameter_mm)
    marks = sorted(mark for nodule in report.nodules for mark in nodule.marks)
    likely = [i for i, c in enumerate(report.candidates) if c.p_nodule > 0.5]
    assert marks == likely, "each likely candidate is a mark of one nodule"
    assert report.masks is not None
    labels = report.masks.labels
    assert set(np.unique(labels)) - {0} == set(range(1, len(report.candidates) + 1))
    np.testing.assert_array_equal(np.asarray(report.masks.nodules), labels > 0)


@few
@given(volume=volumes())
def test_json_holds_the_report(pipeline: lungrt.Pipeline, volume: lungrt.CtVolume) -> None:
    report = run(pipeline, volume)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    content = json.loads(report.to_json(True), parse_constant=refuse)
    assert json.loads(json.dumps(content)) == content
    assert content["series"]["shape"] == list(volume.shape)
    assert [tuple(c["center_mm"]) for c in content["candidates"]] == [
        c.center_mm for c in report.candidates
    ]
    assert [c["p_nodule"] for c in content["candidates"]] == [c.p_nodule for c in report.candidates]


def moved(volume: lungrt.CtVolume, shift: tuple[float, ...]) -> lungrt.CtVolume:
    old = volume.geometry
    geometry = lungrt.Geometry(np.add(old.origin_mm, shift), old.spacing_mm, old.direction)
    return lungrt.CtVolume(volume.hu, geometry)


@few
@given(volume=volumes(), shift=triples(-500, 500))
def test_moving_the_patient_moves_the_findings(
    pipeline: lungrt.Pipeline, volume: lungrt.CtVolume, shift: tuple[float, ...]
) -> None:
    # The order of candidates is that of un-rounded world positions: it may change where two tie.
    def places(report: lungrt.Report, back: Any) -> dict[tuple[int, ...], tuple[Any, ...]]:
        return {
            c.index: (np.round(np.subtract(c.center_mm, back), 6).tolist(), c.p_nodule)
            for c in report.candidates
        }

    here = places(run(pipeline, volume), (0, 0, 0))
    there = places(run(pipeline, moved(volume, shift)), shift)
    assert here.keys() == there.keys()
    for index, (center, p) in here.items():
        np.testing.assert_allclose(there[index][0], center, atol=2e-6)
        assert there[index][1] == p


@few
@given(volume=volumes(), axis=st.integers(0, 2))
def test_a_flipped_axis_with_its_direction_is_the_same_scan(
    pipeline: lungrt.Pipeline, volume: lungrt.CtVolume, axis: int
) -> None:
    # Grouping knows no handedness, so centres and sizes in the world are the same; what networks
    # see is mirrored, so their masks are not asked for.
    mask = volume.hu > 100
    last = [0, 0, 0]
    last[axis] = volume.shape[axis] - 1
    old = volume.geometry
    direction = np.array(old.direction)
    direction[:, 2 - axis] *= -1
    geometry = lungrt.Geometry(old.to_world(tuple(last)), old.spacing_mm, direction)
    flipped = lungrt.CtVolume(np.flip(volume.hu, axis), geometry)
    before = pipeline.group(volume, mask)
    after = pipeline.group(flipped, np.ascontiguousarray(np.flip(mask, axis)))
    assert len(before) == len(after)
    # Halves round to even, which a flip may turn round: half a voxel's diagonal and a bit is asked.
    reach = np.linalg.norm(old.spacing_mm) + 1e-6
    left = list(after)
    for candidate in before:
        near = min(
            left, key=lambda c: float(np.linalg.norm(np.subtract(c.center_mm, candidate.center_mm)))
        )
        left.remove(near)
        distance = np.linalg.norm(np.subtract(near.center_mm, candidate.center_mm))
        assert distance <= reach
        np.testing.assert_allclose(near.volume_mm3, candidate.volume_mm3)


places = st.tuples(*[st.one_of(st.integers(-2, 15), st.integers(-(2**63), 2**63 - 1))] * 3)


@few
@given(volume=volumes(), index=places)
def test_candidates_anywhere_are_classified_or_refused(
    pipeline: lungrt.Pipeline, volume: lungrt.CtVolume, index: tuple[int, int, int]
) -> None:
    inside = all(0 <= i < n for i, n in zip(index, volume.shape, strict=True))
    if inside:
        (found,) = pipeline.classify(volume, [index])
        assert found.index == index
        assert 0 <= found.p_nodule <= 1
    else:
        with pytest.raises(errors.InvalidArgument):
            pipeline.classify(volume, [index])


@few
@given(
    volume=volumes(most=10),
    limits=st.fixed_dictionaries(
        {},
        optional={
            "max_candidates": st.integers(-(2**63), 2**63 - 1),
            "max_seconds": st.floats(),
            "keep_masks": st.booleans(),
        },
    ),
)
def test_any_limits(
    pipeline: lungrt.Pipeline, volume: lungrt.CtVolume, limits: dict[str, Any]
) -> None:
    try:
        report = pipeline.run(volume, allow_non_hu=True, **limits)
    except (errors.InvalidArgument, errors.ResourceLimit):
        return
    most = limits.get("max_candidates", 0)
    assert most == 0 or len(report.candidates) <= most
    assert (report.masks is not None) == limits.get("keep_masks", False)


texts = st.one_of(st.text(max_size=8), st.sampled_from(("native", "cpu", "lung", "book", "exact")))


@few
@given(
    options=st.fixed_dictionaries(
        {},
        optional={
            "engine": texts,
            "device": texts,
            "precision": texts,
            "profile": texts,
            "geometry": texts,
            "region": texts,
            "threads": st.integers(-3, 3),
            "engine_options": st.dictionaries(texts, texts, max_size=2),
        },
    )
)
def test_any_options_open_a_pipeline_or_are_refused(
    native_bundle: Path, options: dict[str, Any]
) -> None:
    try:
        pipeline = lungrt.Pipeline(native_bundle, **options)
    except errors.Error:
        return
    assert pipeline.device == "cpu"
    assert pipeline.threads >= 1


@few
@given(volume=volumes(), data=st.data())
def test_masks_of_any_shape_group_or_are_refused(
    pipeline: lungrt.Pipeline, volume: lungrt.CtVolume, data: st.DataObject
) -> None:
    shape = data.draw(st.sampled_from((volume.shape, volume.shape[::-1], volume.shape[:2])))
    mask = np.ones(shape, bool)
    if shape == volume.shape:
        assert len(pipeline.group(volume, mask)) == (1 if min(shape) > 2 else 0)
    else:
        # Another number of axes is a TypeError of the binding, as any argument of a wrong type.
        with pytest.raises((errors.InvalidArgument, TypeError)):
            pipeline.group(volume, mask)
