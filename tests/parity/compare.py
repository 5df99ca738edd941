"""What must be equal, and how far apart the rest may be."""

from __future__ import annotations

import eager_pipeline as eager
import numpy as np
from numpy.typing import NDArray

import lungrt
from lungrt.comparison.diagnosis import Diagnosis
from lungrt.comparison.differences import compare as compare_diagnoses

# A decision may differ only where the eager probability is this close to the threshold: other CPUs
# and kernels round differently (seen between fp32 engines: 2.5e-4).
DECISION_BAND = 5e-4
# Most voxels of a CT's mask that may flip: two lie within 2e-5 of the threshold in the reference CT
# that has most of them.
MASK_FLIPS = 5
# |p - eager|: float32 rounding through a dozen layers, then a sigmoid or softmax.
PROBABILITY = {"cpu": 1e-3, "cuda": 1e-3}


def volume_of(scan: eager.Scan) -> lungrt.CtVolume:
    """Hand the eager pipeline's scan to the library."""
    geometry = lungrt.Geometry(scan.origin_mm, scan.spacing_mm, scan.direction)
    return lungrt.CtVolume(scan.hu, geometry)


def assert_same_decisions(
    ours: NDArray[np.bool_],
    probability: NDArray[np.floating],
    threshold: float,
    what: str,
) -> None:
    """Decisions equal those of the eager probability, but for those within the band."""
    theirs = probability > np.float32(threshold)
    differing = np.argwhere(ours != theirs)
    values = probability[ours != theirs]
    outside = np.abs(values - threshold) > DECISION_BAND
    listing = ", ".join(f"{tuple(i)}: {p:.6f}" for i, p in zip(differing, values, strict=True))
    assert not outside.any(), f"{what}: {outside.sum()} decisions differ beyond the band: {listing}"
    if len(differing):
        print(f"{what}: {len(differing)} of {theirs.sum()} differ within the band: {listing}")


def assert_same_groups(
    pipeline: lungrt.Pipeline, scan: eager.Scan, mask: NDArray[np.bool_], inverse: eager.Inverse
) -> eager.Candidates:
    """Erosion, labels, centres, order and positions of a mask equal SciPy's."""
    eroded = eager.erode(mask)
    np.testing.assert_array_equal(np.asarray(lungrt.erode(mask)), eroded)
    labels, count = eager.label(eroded)
    our_labels, our_count = lungrt.label(eroded)
    assert our_count == count
    np.testing.assert_array_equal(our_labels, labels)

    expected = eager.group(scan, eroded, geometry=inverse)
    ours = pipeline.group(volume_of(scan), mask)
    indices = np.array([c.index for c in ours], np.int64).reshape(-1, 3)
    # On an oblique scan the way to world and back ends within rounding of a half voxel for centres
    # that lie on one; which way it falls there is the last bit's decision, in NumPy too.
    tie = np.abs(expected.centres - np.floor(expected.centres) - 0.5) < 1e-9
    axis_aligned = set(np.abs(scan.direction).ravel()) <= {0.0, 1.0}
    exact = np.ones_like(tie) if axis_aligned else ~tie
    np.testing.assert_array_equal(indices[exact], expected.indices[exact])
    assert np.abs(indices - expected.indices).max(initial=0) <= 1
    positions = np.array([c.center_mm for c in ours]).reshape(-1, 3)
    same = (indices == expected.indices).all(axis=1)
    np.testing.assert_allclose(positions[same], expected.positions_mm[same], rtol=0, atol=1e-9)
    return expected


def assert_same_inputs(
    pipeline: lungrt.Pipeline, scan: eager.Scan, networks: eager.Networks, indices: eager.Indices
) -> None:
    """What the networks see is the same to the bit: slices in context, crops."""
    volume = volume_of(scan)
    contract = networks.segmentation[0].input
    for number in {0, 1, len(scan.hu) // 2, len(scan.hu) - 1} & set(range(len(scan.hu))):
        stacked = eager.pad_images(eager.stack_context(scan.hu, [number], contract), contract)
        np.testing.assert_array_equal(pipeline.segmentation_input(volume, number), stacked[0])
    crops = eager.crops(scan.hu, indices, networks.nodule[0].input)
    for index, crop in zip(indices, crops, strict=True):
        np.testing.assert_array_equal(pipeline.nodule_input(volume, tuple(index)), crop[0])


def assert_same_probabilities(
    ours: list[lungrt.Finding], p_nodule: eager.Floats, p_malignant: eager.Floats, device: str
) -> None:
    """Both classifiers' probabilities within tolerance; the same are called nodules."""
    found = np.array([f.p_nodule for f in ours])
    np.testing.assert_allclose(found, p_nodule, rtol=0, atol=PROBABILITY[device])
    assert_same_decisions(found > 0.5, p_nodule, 0.5, "nodules")
    near = np.abs(p_nodule - 0.5) <= DECISION_BAND
    malignant = np.array([np.nan if f.p_malignant is None else f.p_malignant for f in ours])
    np.testing.assert_array_equal(np.isnan(malignant[~near]), np.isnan(p_malignant[~near]))
    np.testing.assert_allclose(
        malignant[~near], p_malignant[~near], rtol=0, atol=PROBABILITY[device]
    )


def assert_same_diagnosis(found: Diagnosis, expected: Diagnosis, device: str = "cuda") -> None:
    """Two diagnoses of a CT are the same but for rounding, as ``lungrt compare`` pairs marks.

    A voxel within rounding of the threshold may move the centre of one component, or make or unmake
    it: as many candidates as voxels flipped may differ so. The probabilities of all others are
    within tolerance, and a decision differs only within the band.
    """
    difference = compare_diagnoses("CT", expected, found)
    flips, marks = difference.mask.flips, difference.candidates
    assert flips is not None, "diagnoses are compared with their masks"
    assert flips <= MASK_FLIPS, f"{flips} voxels of the mask flipped"
    differing = len(marks.only_a) + len(marks.only_b) + len(marks.moved)
    assert differing <= flips, (
        f"{flips} voxels flipped, but {len(marks.only_a)} candidates are lost, "
        f"{len(marks.only_b)} new, {len(marks.moved)} moved"
    )
    theirs = {mark.index: mark.p_nodule for mark in expected.candidates}
    changes = {
        mark.index: abs(mark.p_nodule - theirs[mark.index])
        for mark in found.candidates
        if mark.index in theirs
    }
    outside = {index: by for index, by in changes.items() if not by <= PROBABILITY[device]}
    assert not outside, f"probabilities differ by more than {PROBABILITY[device]}: {outside}"
    threshold = expected.thresholds.nodule
    decided = [
        (pair.a.index, pair.a.p_nodule, pair.b.p_nodule)
        for pair in marks.changed
        if not pair.moved and not abs(pair.a.p_nodule - threshold) <= DECISION_BAND
    ]
    assert not decided, f"decisions differ beyond the band: {decided}"
