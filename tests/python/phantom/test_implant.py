"""Nodules planted into a CT that is there: here into a phantom, and into the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lungrt
from lungrt.errors import BadVolume, InvalidArgument
from lungrt.phantom import NodulePlan, Phantom, chest, implant
from lungrt.phantom.aerated import aerated_lung

PLANS = (
    NodulePlan(16, "solid", "spiculated"),
    NodulePlan(14, "solid", "smooth", "chest-wall"),
    NodulePlan(12, "solid", "smooth", "mediastinum"),
    NodulePlan(12, "solid", "smooth", "diaphragm"),
    NodulePlan(10, "solid", "smooth", "vessel"),
    NodulePlan(9, "solid", "smooth", "apex"),
)


@pytest.fixture(scope="module")
def ct() -> Phantom:
    """A chest without nodules."""
    return chest(seed=9, shape=(100, 160, 200), spacing_mm=(1.5, 1.5, 2.5), nodules=0)


def check_implants(ct: lungrt.CtVolume, implanted: Phantom, lung: np.ndarray) -> None:
    changed = implanted.hu != ct.hu
    assert changed.any()
    near = np.zeros_like(changed)
    for nodule in implanted.nodules:
        assert implanted.nodule_labels[nodule.index] == nodule.label
        assert lung[nodule.index]
        low, high = (np.array([ct.geometry.to_index(corner, "exact")]) for corner in nodule.box_mm)
        first, last = np.minimum(low, high)[0], np.maximum(low, high)[0]
        near[tuple(slice(max(a - 4, 0), b + 5) for a, b in zip(first, last, strict=True))] = True
        inside = implanted.hu[implanted.nodule_labels == nodule.label]
        assert -120 < np.median(inside) < 350
    assert not (changed & ~near).any(), "all else stays to the bit"
    assert (implanted.hu[changed] >= ct.hu[changed] - 250).all()


@pytest.mark.parametrize("given", [True, False])
def test_implants(ct: Phantom, given: bool) -> None:
    implanted = implant(ct.volume, PLANS, seed=1, lung=ct.lung if given else None)
    assert [nodule.attachment for nodule in implanted.nodules] == [p.attachment for p in PLANS]
    check_implants(ct.volume, implanted, ct.lung)
    assert implanted.series_uid != ct.series_uid
    assert implanted.options is None


def test_equal_seeds_implant_equal_nodules(ct: Phantom) -> None:
    first, again, other = (implant(ct.volume, 2, seed=seed, lung=ct.lung) for seed in (1, 1, 2))
    assert np.array_equal(first.hu, again.hu)
    assert first.nodules == again.nodules
    assert first.series_uid == again.series_uid
    assert not np.array_equal(first.hu, other.hu)


def test_patients_who_lie_the_other_way(ct: Phantom) -> None:
    turned = chest(ct.options, entry="feet-first", position="prone")
    implanted = implant(turned.volume, PLANS, seed=1)
    by_place = {nodule.attachment: nodule for nodule in implanted.nodules}
    z = np.argwhere(turned.lung)[:, 0]
    # The head is at the first slices there.
    assert by_place["apex"].index[0] < z.min() + 35 / 2.5
    assert by_place["diaphragm"].index[0] > z.mean()
    check_implants(turned.volume, implanted, turned.lung)


def test_sides_are_the_patients(ct: Phantom) -> None:
    labels = implant(ct.volume, 1, lung=ct.lung).lung_labels
    agree = (labels == ct.lung_labels)[ct.lung]
    assert agree.mean() > 0.97


def test_aerated_lung_is_lung(ct: Phantom) -> None:
    found = aerated_lung(ct.volume)
    both = (found & ct.lung).sum()
    assert both / found.sum() > 0.95
    assert both / ct.lung.sum() > 0.85


@pytest.mark.parametrize("region", ["abdomen", "head", "air", "bone"])
def test_no_lung_is_said(region: str) -> None:
    scan = chest(shape=(16, 96, 96), region=region)
    with pytest.raises(BadVolume, match="no aerated lung found"):
        implant(scan.volume, 1)


def test_impossible_masks(ct: Phantom) -> None:
    with pytest.raises(InvalidArgument, match=r"lung mask has shape \(2, 3, 4\)"):
        implant(ct.volume, 1, lung=np.ones((2, 3, 4)))
    with pytest.raises(InvalidArgument, match="lung mask is empty"):
        implant(ct.volume, 1, lung=np.zeros(ct.hu.shape))


def test_impossible_numbers(ct: Phantom) -> None:
    with pytest.raises(InvalidArgument, match="-2 nodules"):
        implant(ct.volume, -2, lung=ct.lung)
    with pytest.raises(InvalidArgument, match="seed -1"):
        implant(ct.volume, 1, seed=-1, lung=ct.lung)
    with pytest.raises(InvalidArgument, match="no free place"):
        implant(ct.volume, (NodulePlan(60.0),) * 9, lung=ct.lung)


def test_a_real_ct(reference: Path) -> None:
    ct = lungrt.read_ct(next((reference / "ct").glob("C3N*")))
    implanted = implant(ct, PLANS, seed=1)
    check_implants(ct, implanted, implanted.lung)
    litres = implanted.lung.sum() * ct.geometry.voxel_volume_mm3 / 1e6
    assert 3 < litres < 6
