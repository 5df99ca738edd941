"""The lung field keeps nodules wherever they sit, and says where it is not sure."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lungrt
from lungrt.errors import BadVolume
from lungrt.phantom import NodulePlan, Phantom, PhantomOptions, chest, implant

SMALL = PhantomOptions(shape=(80, 144, 144), nodules=0)
PLANS = (NodulePlan(12.0), NodulePlan(8.0, attachment="chest-wall"))
ATTACHMENTS = ("chest-wall", "mediastinum", "diaphragm", "apex", "free", "vessel")


def field_of(phantom: Phantom) -> tuple[NDArray[np.bool_], lungrt.LungField]:
    found = lungrt.find_lung_field((phantom.hu, phantom.geometry))
    return np.asarray(found.mask), found


def covered(field: NDArray[np.bool_], truth: NDArray[Any]) -> float:
    return float(field[truth > 0].mean())


@pytest.mark.parametrize("seed", range(8))
def test_planted_nodules_lie_in_the_field(seed: int) -> None:
    plans = tuple(
        NodulePlan(diameter, shape=shape, attachment=attachment)  # type: ignore[arg-type]
        for attachment, (diameter, shape) in itertools.product(
            ATTACHMENTS, ((6.0, "smooth"), (14.0, "lobulated"))
        )
    )
    phantom = chest(SMALL, seed=seed, nodules=plans)
    field, found = field_of(phantom)
    outside = [nodule for nodule in phantom.nodules if not field[nodule.index]]
    assert not outside
    assert covered(field, phantom.lung) > 0.99
    assert found.notes == []
    assert field.mean() < 0.5


@pytest.mark.parametrize("spacing_mm", [0.5, 1.0, 2.5, 5.0])
def test_slices_of_any_thickness(spacing_mm: float) -> None:
    slices = min(400, round(300 / spacing_mm))
    phantom = chest(
        SMALL, seed=9, shape=(slices, 128, 128), spacing_mm=(2.9, 2.9, spacing_mm), nodules=PLANS
    )
    field, _ = field_of(phantom)
    assert all(field[nodule.index] for nodule in phantom.nodules)
    assert covered(field, phantom.lung) > 0.98


@pytest.mark.parametrize("padding_hu", [-1024, -2000, -3024])
def test_padding_and_a_circular_field_of_view(padding_hu: int) -> None:
    phantom = chest(SMALL, seed=2, circular_field=True, padding_hu=padding_hu)
    field, _ = field_of(phantom)
    assert covered(field, phantom.lung) > 0.98


@pytest.mark.parametrize(
    ("position", "entry"),
    [*itertools.product(("supine", "prone"), ("head-first", "feet-first"))],
)
def test_any_way_of_lying_in_the_scanner(position: Any, entry: Any) -> None:
    phantom = chest(SMALL, seed=3, position=position, entry=entry, nodules=3)
    field, found = field_of(phantom)
    assert covered(field, phantom.lung) > 0.99
    assert all(field[nodule.index] for nodule in phantom.nodules)
    assert found.notes == []


def test_the_order_of_axes_changes_nothing() -> None:
    phantom = chest(SMALL, seed=4, spacing_mm=(3.0, 2.5, 3.5))
    field, _ = field_of(phantom)
    spacing = phantom.geometry.spacing_mm
    for order in itertools.permutations(range(3)):
        # Array axes are (z, y, x); image axis j is array axis 2 - j.
        hu = np.ascontiguousarray(phantom.hu.transpose(order)[::-1])
        columns = [2 - order[2 - j] for j in range(3)]
        direction = np.eye(3)[:, columns]
        direction[:, 2] *= -1
        origin = phantom.geometry.to_world([0, 0, 0]) + (
            -direction[:, 2] * (hu.shape[0] - 1) * spacing[columns[2]]
        )
        geometry = lungrt.Geometry(
            origin.tolist(), [spacing[column] for column in columns], direction.tolist()
        )
        turned = np.asarray(lungrt.find_lung_field((hu, geometry)).mask)
        # Cells that hold the volume's last voxels begin at its other end: their edges may differ.
        same = turned == field.transpose(order)[::-1]
        assert same.mean() > 0.97, order


def test_the_number_of_threads_changes_nothing() -> None:
    phantom = chest(SMALL, seed=5)
    volume = (phantom.hu, phantom.geometry)
    fields = [lungrt.find_lung_field(volume, threads=threads).mask for threads in (1, 2, 3, 7)]
    assert all(field == fields[0] for field in fields)


@pytest.mark.parametrize("lungs", ["left", "right"])
def test_one_lung(lungs: Any) -> None:
    phantom = chest(SMALL, seed=6, lungs=lungs)
    field, found = field_of(phantom)
    assert covered(field, phantom.lung) > 0.99
    assert any("one side" in note for note in found.notes)


@pytest.mark.parametrize("extent", ["lobe", "lung", "both-lungs"])
@pytest.mark.parametrize("finding", ["consolidation", "collapse"])
def test_what_has_lost_its_air_stays_in_the_field(finding: Any, extent: Any) -> None:
    phantom = chest(SMALL, seed=7, finding=finding, extent=extent)
    try:
        field, found = field_of(phantom)
    except BadVolume:
        assert extent == "both-lungs"  # no air at all: refused in words
        return
    assert covered(field, phantom.lung) > (0.95 if extent == "lobe" else 0.85)
    if extent == "lung":
        assert any("one side" in note for note in found.notes)


@pytest.mark.parametrize("seed", [1, 2, 8])
def test_emphysema_is_no_bowel_gas(seed: int) -> None:
    phantom = chest(SMALL, seed=seed, finding="emphysema")
    field, found = field_of(phantom)
    assert covered(field, phantom.lung) > 0.98
    assert found.notes == []


def test_a_partial_field_of_view_is_not_restricted() -> None:
    phantom = chest(SMALL, seed=9, spacing_mm=(1.2, 1.2, 3.0), center_mm=(70.0, 0.0, 0.0))
    field, found = field_of(phantom)
    assert field.all()
    assert any("field of view is 17" in note for note in found.notes)


@pytest.mark.parametrize("slices", [1, 3])
def test_few_slices(slices: int) -> None:
    phantom = chest(SMALL, seed=10, shape=(slices, 144, 144), spacing_mm=(2.6, 2.6, 4.0))
    field, _ = field_of(phantom)
    assert covered(field, phantom.lung) > 0.95


@pytest.mark.parametrize("region", ["abdomen", "head", "air", "bone"])
def test_what_has_no_lungs_is_refused(region: Any) -> None:
    phantom = chest(replace(SMALL, region=region), seed=11)
    with pytest.raises(BadVolume, match=r"no lungs were found.*region 'volume'"):
        field_of(phantom)


def test_implants_in_real_lungs(reference: Any) -> None:
    plans = tuple(
        NodulePlan(diameter, attachment=attachment)  # type: ignore[arg-type]
        for attachment in ("chest-wall", "mediastinum", "diaphragm", "apex")
        for diameter in (5.0, 8.0, 12.0)
    )
    kept = planted = 0
    for name in ("LIDC-IDRI-0001", "C3N-00247_LUNG_3.0_B70f"):
        volume = lungrt.read_ct(reference / "ct" / name)
        for seed in range(2):
            phantom = implant(volume, plans, seed=seed)
            field, _ = field_of(phantom)
            kept += sum(bool(field[nodule.index]) for nodule in phantom.nodules)
            planted += len(phantom.nodules)
    assert planted >= 48
    assert kept >= 0.98 * planted
