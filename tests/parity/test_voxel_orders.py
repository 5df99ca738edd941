"""The reference CTs in every order in which voxels can be stored: the same marks and masks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import compare
import eager_pipeline as eager
import engines
import numpy as np
import pytest
from numpy.typing import NDArray

import lungrt

CTS = ("LIDC-IDRI-0001", "C3N-00247")


@dataclass(frozen=True)
class Order:
    """Stored axis k is axis `axes[k]` of the patient's order, backwards where `backwards[k]`."""

    axes: tuple[int, ...]
    backwards: tuple[bool, ...]

    def store(self, array: NDArray[np.generic]) -> NDArray[np.generic]:
        turned = np.transpose(array, self.axes)
        steps = tuple(slice(None, None, -1 if back else None) for back in self.backwards)
        return np.ascontiguousarray(turned[steps])

    def volume(self, scan: eager.Scan) -> lungrt.CtVolume:
        shape = np.array(scan.hu.shape)
        direction, spacing = np.empty((3, 3)), np.empty(3)
        corner = np.zeros(3)  # voxel of the scan that is stored first
        for k, (axis, back) in enumerate(zip(self.axes, self.backwards, strict=True)):
            direction[:, 2 - k] = scan.direction[:, 2 - axis] * (-1 if back else 1)
            spacing[2 - k] = scan.spacing_mm[2 - axis]
            corner[axis] = shape[axis] - 1 if back else 0
        origin = scan.origin_mm + scan.direction @ (corner[::-1] * scan.spacing_mm)
        geometry = lungrt.Geometry(origin, spacing, direction)
        return lungrt.CtVolume(self.store(scan.hu), geometry)


ORDERS = [
    Order(axes, backwards)
    for axes in itertools.permutations(range(3))
    for backwards in itertools.product((False, True), repeat=3)
]
LAS = Order((0, 1, 2), (False, True, False))  # of dcm2niix
SAGITTAL, CORONAL = Order((2, 0, 1), (True, True, False)), Order((1, 2, 0), (False, True, True))
SELECTIONS = [
    pytest.param([LAS, SAGITTAL, CORONAL], id="three"),
    pytest.param(ORDERS, id="all 48", marks=pytest.mark.nightly),
]


@pytest.fixture(scope="module")
def patient(
    reference_scan: Callable[[str], eager.Scan],
) -> Callable[[str], eager.Scan]:
    """Return a function that reads a reference CT, which is stored in the patient's order."""

    def read(name: str) -> eager.Scan:
        scan = reference_scan(name)
        np.testing.assert_allclose(scan.direction, np.eye(3), atol=1e-6)
        return scan

    return read


def reports(
    pipeline: lungrt.Pipeline, scan: eager.Scan, orders: list[Order]
) -> Iterator[tuple[Order, lungrt.CtVolume, lungrt.Report]]:
    for order in orders:
        volume = order.volume(scan)
        yield order, volume, pipeline.run(volume, keep_masks=True)


def assert_same_report(
    order: Order, found: lungrt.Report, expected: lungrt.Report, atol: float
) -> None:
    assert len(found.nodules) == len(expected.nodules) > 0, order
    assert len(found.candidates) == len(expected.candidates), order
    pairs = zip(
        (*found.nodules, *found.candidates),
        (*expected.nodules, *expected.candidates),
        strict=True,
    )
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.center_mm, theirs.center_mm, rtol=0, atol=0.01)
        assert abs(ours.p_nodule - theirs.p_nodule) <= atol
        assert ours.volume_mm3 == pytest.approx(theirs.volume_mm3, rel=1e-9)
        assert sorted(ours.extent_mm) == pytest.approx(sorted(theirs.extent_mm), rel=1e-9)
    for ours, theirs in zip(found.nodules, expected.nodules, strict=True):
        assert ours.marks == theirs.marks
    assert found.masks is not None
    assert expected.masks is not None
    for name in ("mask", "lung_field", "labels"):
        np.testing.assert_array_equal(
            np.asarray(getattr(found.masks, name)),
            order.store(np.asarray(getattr(expected.masks, name))),
        )


@pytest.mark.parametrize("orders", SELECTIONS)
@pytest.mark.parametrize("name", CTS)
def test_the_native_engine(
    name: str,
    orders: list[Order],
    reference_bundle: Path,
    patient: Callable[[str], eager.Scan],
) -> None:
    pipeline = lungrt.Pipeline(reference_bundle, engine="native")
    scan = patient(name)
    straight = compare.volume_of(scan)
    expected = pipeline.run(straight, keep_masks=True)
    middle = scan.hu.shape[0] // 2
    slice_input = pipeline.segmentation_input(straight, middle)
    crop = pipeline.nodule_input(straight, expected.nodules[0].index)
    for order, volume, found in reports(pipeline, scan, orders):
        assert_same_report(order, found, expected, 1e-5)
        # What the networks are given is equal to the bit.
        np.testing.assert_array_equal(pipeline.segmentation_input(volume, middle), slice_input)
        np.testing.assert_array_equal(pipeline.nodule_input(volume, found.nodules[0].index), crop)
        assert pipeline.segmentation_input(volume, middle).shape == (7, *scan.hu.shape[1:])


@pytest.mark.parametrize("other", ["torchscript", "onnxruntime"])
def test_the_other_engines(
    other: str, reference_bundle: Path, patient: Callable[[str], eager.Scan]
) -> None:
    pipeline = engines.open_pipeline(reference_bundle, other, profile="lung")
    scan = patient("LIDC-IDRI-0001")
    expected = pipeline.run(compare.volume_of(scan), keep_masks=True)
    for order, _, found in reports(pipeline, scan, [LAS, SAGITTAL, CORONAL]):
        assert_same_report(order, found, expected, 1e-5)


def test_the_stored_order_gives_other_marks(
    reference_bundle: Path, patient: Callable[[str], eager.Scan]
) -> None:
    """The reason for the option: without it, a mirrored patient is another patient."""
    scan = patient("C3N-00247")
    places = []
    for voxel_order in ("patient", "stored"):
        pipeline = lungrt.Pipeline(reference_bundle, engine="native", voxel_order=voxel_order)
        report = pipeline.run(LAS.volume(scan))
        places.append({tuple(np.round(n.center_mm)) for n in report.nodules})
        noted = any("in the stored order" in note for note in report.provenance.notes)
        assert noted == (voxel_order == "stored")
    assert places[0] != places[1]
