"""Profile lung is the book's pipeline without what has its centre outside of the lung field.

Windows around the field are segmented instead of whole slices, and grown wherever a component may
go on beyond them: none of this may be seen in what is found.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import compare
import eager_pipeline as eager
import engines
import lung_cases
import numpy as np
import pytest

import lungrt
from lungrt.phantom import Phantom, PhantomOptions, chest

# Fields of a whole chest; rows and columns that are no multiple of 4, 16 or 64.
PHANTOMS = {
    "odd sizes": PhantomOptions(seed=3, shape=(24, 131, 147), spacing_mm=(3.1, 3.1, 13.0)),
    "prone, feet first, wide": PhantomOptions(
        seed=5,
        shape=(16, 109, 201),
        spacing_mm=(2.9, 3.3, 19.0),
        center_mm=(60.0, 0.0, 0.0),
        position="prone",
        entry="feet-first",
    ),
}
# Of the segmentation: random networks call most of a chest a nodule at their own.
THRESHOLDS = {"small": 0.9, "halo": 0.8}
# Each engine on a CT, and the default engine on both. The other engines on the larger CT, which
# take a minute each, are for `make nightly`.
CTS = ("LIDC-IDRI-0001", "C3N-00247")
REFERENCE_RUNS = [
    pytest.param(name, engine, marks=[pytest.mark.nightly] * (index > 0 and engine != "native"))
    for index, name in enumerate(CTS)
    for engine in engines.ENGINES
]


@pytest.fixture(scope="module")
def phantom() -> Callable[[str], Phantom]:
    """Return a function that makes a phantom by its name, once."""
    made: dict[str, Phantom] = {}

    def make(name: str) -> Phantom:
        if name not in made:
            made[name] = chest(PHANTOMS[name], nodules=2)
        return made[name]

    return make


@pytest.fixture(scope="module")
def small(small_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lung") / "small"
    return lung_cases.with_threshold(small_bundle, THRESHOLDS["small"], folder)


@pytest.fixture(scope="module")
def halo(halo_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lung") / "halo"
    return lung_cases.with_threshold(halo_bundle, THRESHOLDS["halo"], folder)


@pytest.mark.parametrize("name", PHANTOMS)
def test_candidates_are_those_in_the_field(
    name: str, engine: str, small: Path, phantom: Callable[[str], Phantom]
) -> None:
    report, dropped = lung_cases.assert_restricted(small, engine, phantom(name).volume)
    assert len(report.candidates) > 20, "the case is to keep candidates"
    assert len(dropped) > 20, "the case is to drop candidates"
    assert any(len(nodule.marks) > 1 for nodule in report.nodules), "the case is to merge marks"


def test_an_unpadded_ensemble_and_three_classes(
    engine: str, halo: Path, phantom: Callable[[str], Phantom]
) -> None:
    report, dropped = lung_cases.assert_restricted(halo, engine, phantom("odd sizes").volume)
    assert len(report.candidates) > 5, "the case is to keep candidates"
    assert len(dropped) > 5, "the case is to drop candidates"
    assert any(c.p_malignant is not None for c in report.candidates)


def test_components_that_leave_the_field_are_whole(
    halo_bundle: Path, phantom: Callable[[str], Phantom], tmp_path: Path
) -> None:
    """As low as here, the networks join half of the chest: windows grow to what it covers."""
    bundle = lung_cases.with_threshold(halo_bundle, 0.6, tmp_path / "bundle")
    report, _ = lung_cases.assert_restricted(bundle, "native", phantom("odd sizes").volume)
    assert report.masks is not None
    field, nodules = np.asarray(report.masks.lung_field), np.asarray(report.masks.nodules)
    assert (nodules & ~field).sum() > 100, "the case is to have components that leave the field"


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing(
    threads: int, small: Path, phantom: Callable[[str], Phantom]
) -> None:
    volume = phantom("odd sizes").volume
    expected = lungrt.Pipeline(small, profile="lung", threads=2).run(volume).to_dict()
    found = lungrt.Pipeline(small, profile="lung", threads=threads).run(volume).to_dict()
    assert found["candidates"] == expected["candidates"]
    assert found["nodules"] == expected["nodules"]


def test_each_option_can_be_overridden(small: Path, phantom: Callable[[str], Phantom]) -> None:
    volume = phantom("odd sizes").volume
    book = lungrt.Pipeline(small, geometry="exact", profile="book").run(volume)
    whole = lungrt.Pipeline(small, profile="lung", region="volume", merge_marks=False).run(volume)
    assert whole.options.region == "volume"
    assert not whole.options.merge_marks
    assert whole.lung_field is None
    assert whole.to_dict()["candidates"] == book.to_dict()["candidates"]
    assert whole.to_dict()["nodules"] == book.to_dict()["nodules"]

    lung = lungrt.Pipeline(small, profile="lung").run(volume)
    apart = lungrt.Pipeline(
        small, region="lung", geometry="exact", merge_marks=False, profile="book"
    ).run(volume)
    assert apart.to_dict()["candidates"] == lung.to_dict()["candidates"]
    assert all(len(nodule.marks) == 1 for nodule in apart.nodules)
    assert len(apart.nodules) > len(lung.nodules)


@pytest.mark.parametrize(("name", "engine"), REFERENCE_RUNS, indirect=["engine"])
def test_reference_cts(
    name: str,
    engine: str,
    reference_bundle: Path,
    reference_scan: Callable[[str], eager.Scan],
) -> None:
    volume = compare.volume_of(reference_scan(name))
    report, dropped = lung_cases.assert_restricted(reference_bundle, engine, volume)
    assert report.candidates
    assert dropped
    assert len(report.nodules) <= {"LIDC-IDRI-0001": 2, "C3N-00247": 9}[name]
    if name == "LIDC-IDRI-0001":
        # LUNA16's annotation, of 23 mm.
        away = np.linalg.norm(np.subtract(report.nodules[0].center_mm, (56.2, 86.3, -115.9)))
        assert away < 23 / 2
