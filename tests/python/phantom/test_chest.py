"""What a phantom looks like, and that its truth is where its nodules are."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys

import numpy as np
import pytest

from lungrt.phantom import NodulePlan, Phantom, PhantomOptions, chest

SMALL = {"shape": (64, 128, 128), "nodules": 0}
LITRE_MM3 = 1e6


def lung_litres(phantom: Phantom, label: int | None = None) -> float:
    mask = phantom.lung if label is None else phantom.lung_labels == label
    return float(mask.sum()) * phantom.geometry.voxel_volume_mm3 / LITRE_MM3


def test_volume(small_phantom: Phantom) -> None:
    assert small_phantom.hu.dtype == np.int16
    assert small_phantom.hu.shape == small_phantom.lung.shape == (64, 128, 128)
    assert small_phantom.nodule_labels.shape == small_phantom.hu.shape
    volume = small_phantom.volume
    assert volume.geometry == small_phantom.geometry
    assert volume.series_uid == small_phantom.series_uid
    assert small_phantom.hu.min() >= -1024


def test_equal_options_make_equal_phantoms(small_phantom: Phantom) -> None:
    again = chest(small_phantom.options)
    assert np.array_equal(again.hu, small_phantom.hu)
    assert np.array_equal(again.lung_labels, small_phantom.lung_labels)
    assert again.nodules == small_phantom.nodules
    assert again.series_uid == small_phantom.series_uid


def test_another_process_makes_the_same(small_phantom: Phantom) -> None:
    code = (
        "import hashlib, lungrt.phantom as p\n"
        "made = p.chest(seed=5, shape=(64, 128, 128), nodules=2)\n"
        "print(hashlib.sha256(made.hu.tobytes()).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(small_phantom.hu.tobytes()).hexdigest()


def test_another_seed_is_another_patient(small_phantom: Phantom) -> None:
    other = chest(seed=6, shape=(64, 128, 128), nodules=2)
    assert other.series_uid != small_phantom.series_uid
    assert (other.lung != small_phantom.lung).mean() > 0.01


def test_tissue_has_the_density_of_real_tissue(phantom: Phantom) -> None:
    parenchyma = phantom.hu[phantom.lung & (phantom.nodule_labels == 0)]
    assert -910 < np.median(parenchyma) < -820
    # As in the lungs of real CTs: vessels are a few hundredths.
    assert 0.01 < (parenchyma > -500).mean() < 0.12
    assert np.median(phantom.hu[phantom.lung_labels == 5]) < -900
    assert 3.0 < lung_litres(phantom) < 8.0
    outside = phantom.hu[~phantom.lung]
    assert (outside > 300).mean() > 0.005  # bone
    assert ((outside > -130) & (outside < -70)).mean() > 0.05  # fat
    assert ((outside > 20) & (outside < 80)).mean() > 0.1  # muscle and organs


def test_contrast_enhances_blood() -> None:
    plain, enhanced = (chest(seed=1, contrast=contrast, **SMALL) for contrast in (False, True))
    higher = enhanced.hu.astype(int) - plain.hu
    assert (higher > 150).sum() > 1000
    assert np.array_equal(plain.lung_labels, enhanced.lung_labels)


def test_left_is_left(small_phantom: Phantom) -> None:
    for label, sign in ((3, 1), (4, -1)):
        places = np.argwhere(small_phantom.lung_labels == label)
        center = small_phantom.geometry.to_world(places.mean(axis=0))
        middle = small_phantom.geometry.to_world(np.argwhere(small_phantom.lung).mean(axis=0))
        assert sign * (center[0] - middle[0]) > 30


def test_truth_is_where_the_nodules_are(phantom: Phantom) -> None:
    assert len(phantom.nodules) == 9
    for nodule in phantom.nodules:
        places = np.argwhere(phantom.nodule_labels == nodule.label)
        center = phantom.geometry.to_world(places.mean(axis=0))
        assert np.linalg.norm(np.subtract(center, nodule.center_mm)) < 1.0, nodule
        volume = len(places) * phantom.geometry.voxel_volume_mm3
        assert (6 * volume / np.pi) ** (1 / 3) == pytest.approx(nodule.diameter_mm, rel=0.08)
        assert phantom.geometry.to_index(nodule.center_mm, "exact") == nodule.index
        assert phantom.lung[nodule.index]
        corners = np.array([phantom.geometry.to_world(p) for p in (places.min(0), places.max(0))])
        assert np.all(corners.min(axis=0) >= nodule.box_mm[0])
        assert np.all(corners.max(axis=0) <= nodule.box_mm[1])


def test_nodules_have_the_size_that_was_asked_for(phantom: Phantom) -> None:
    plans = phantom.options.nodules if phantom.options else ()
    assert isinstance(plans, tuple)
    for plan, nodule in zip(plans, phantom.nodules, strict=True):
        assert nodule.attachment == plan.attachment
        # The pleura cuts some off, spicules add some.
        low = 0.98 if plan.attachment in ("free", "vessel") else 0.75
        high = 1.2 if plan.shape == "spiculated" else 1.03
        assert low < nodule.diameter_mm / plan.diameter_mm < high, nodule


def test_nodules_have_the_density_that_was_asked_for(phantom: Phantom) -> None:
    ranges = {
        "solid": (-20, 90), "ground-glass": (-700, -450), "calcified": (300, 800),
    }  # fmt: skip
    for nodule in phantom.nodules:
        inside = phantom.hu[phantom.nodule_labels == nodule.label]
        if nodule.density == "part-solid":
            assert np.percentile(inside, 10) < -400 < -100 < np.percentile(inside, 95)
        else:
            low, high = ranges[nodule.density]
            middle = np.percentile(inside, 90 if nodule.density == "calcified" else 50)
            assert low < middle < high, nodule


def test_attached_nodules_touch_what_they_are_attached_to(phantom: Phantom) -> None:
    from scipy.ndimage import distance_transform_edt

    spacing = phantom.geometry.spacing_mm[::-1]
    depth = distance_transform_edt(phantom.lung, sampling=spacing)
    highest = np.argwhere(phantom.lung)[:, 0].max() * spacing[0]
    for nodule in phantom.nodules:
        radius = nodule.diameter_mm / 2
        at = depth[nodule.index]
        if nodule.attachment in ("chest-wall", "mediastinum", "diaphragm"):
            assert at < radius + 1.5, nodule
        elif nodule.attachment == "apex":
            assert highest - nodule.index[0] * spacing[0] < 33
        else:
            assert at > radius, nodule


def test_malignancy_follows_the_look(phantom: Phantom) -> None:
    by_look = {(nodule.density, nodule.shape): nodule for nodule in phantom.nodules}
    assert by_look["solid", "spiculated"].malignant
    assert not by_look["calcified", "smooth"].malignant
    for nodule in phantom.nodules:
        assert len(nodule.ratings) == 4
        assert nodule.malignant == (sum(rating > 3 for rating in nodule.ratings) >= 2)


@pytest.mark.parametrize(
    ("position", "entry", "diagonal"),
    [
        ("supine", "head-first", (1, 1, 1)),
        ("prone", "head-first", (-1, -1, 1)),
        ("supine", "feet-first", (-1, 1, -1)),
        ("prone", "feet-first", (1, -1, -1)),
    ],
)
def test_patients_lie_as_asked(position: str, entry: str, diagonal: tuple[int, int, int]) -> None:
    options = {"seed": 2, "shape": (64, 128, 128), "nodules": 2, "noise_hu": 0}
    lying = chest(position=position, entry=entry, **options)
    assert np.array_equal(np.diag(lying.geometry.direction), diagonal)
    # The same patient in the world: axes of the array are turned, and say so.
    usual = chest(**options)
    turned = lying.lung_labels[tuple(slice(None, None, step) for step in diagonal[::-1])]
    assert (turned == usual.lung_labels).mean() > 0.999
    corner = [
        0 if step == 1 else size - 1 for step, size in zip(diagonal, (128, 128, 64), strict=True)
    ][::-1]
    assert lying.geometry.to_world(corner) == pytest.approx(usual.geometry.to_world((0, 0, 0)))
    for one, other in zip(lying.nodules, usual.nodules, strict=True):
        assert one.center_mm == pytest.approx(other.center_mm, abs=0.05)
        assert lying.lung[one.index]
    # Blood sinks to the table, which is below in any image: axes turn with the patient.
    places = np.argwhere(lying.lung)
    hu, rows = lying.hu[tuple(places.T)].astype(float), places[:, 1]
    upper, lower = np.percentile(rows, [25, 75])
    assert np.median(hu[rows > lower]) > np.median(hu[rows < upper])


def test_one_lung() -> None:
    whole = chest(seed=4, **SMALL)
    one = chest(seed=4, lungs="left", **SMALL)
    assert lung_litres(one, 4) == 0
    assert lung_litres(one, 3) == pytest.approx(lung_litres(whole, 3), rel=0.01)
    # Where the other was there is soft tissue.
    assert np.median(one.hu[whole.lung_labels == 4]) > -50


def test_consolidation_of_a_lobe_a_lung_and_both() -> None:
    whole = chest(seed=4, **SMALL)
    shares = {}
    for extent in ("lobe", "lung", "both-lungs"):
        sick = chest(seed=4, finding="consolidation", extent=extent, **SMALL)
        assert np.array_equal(sick.lung_labels, whole.lung_labels)
        shares[extent] = float((sick.hu[sick.lung] > -100).mean())
    assert 0.1 < shares["lobe"] < 0.4 < shares["lung"] < 0.7 < 0.95 < shares["both-lungs"]


def test_collapse_loses_volume() -> None:
    whole = chest(seed=4, **SMALL)
    sick = chest(seed=4, finding="collapse", extent="lung", side="right", **SMALL)
    assert lung_litres(sick, 4) < 0.75 * lung_litres(whole, 4)
    assert np.median(sick.hu[sick.lung_labels == 4]) > -50
    assert np.median(sick.hu[sick.lung_labels == 3]) < -800


def test_emphysema_is_darker() -> None:
    whole, sick = chest(seed=4, **SMALL), chest(seed=4, finding="emphysema", **SMALL)
    dark = [float((scan.hu[scan.lung] < -950).mean()) for scan in (whole, sick)]
    assert dark[1] > dark[0] + 0.15


@pytest.mark.parametrize("region", ["abdomen", "head", "air", "bone"])
def test_regions_without_lungs(region: str) -> None:
    scan = chest(seed=1, shape=(24, 128, 128), region=region)
    assert not scan.lung.any()
    assert scan.nodules == ()
    if region == "air":
        assert scan.hu.max() < -900
    elif region == "bone":
        assert scan.hu.min() > 300
    else:
        # Gas inside a body: what a lung field must not take for lung.
        middle = scan.hu[:, 30:98, 40:88]
        assert (middle < -800).sum() > 50
        assert (middle > 0).mean() > 0.3


@pytest.mark.parametrize("slices", [1, 3])
def test_few_slices(slices: int) -> None:
    scan = chest(seed=1, shape=(slices, 96, 96), nodules=0)
    assert scan.hu.shape == (slices, 96, 96)
    assert scan.lung.mean() > 0.1
    assert scan.geometry.spacing_mm[2] == 5.0


def test_partial_field_of_view_and_padding() -> None:
    scan = chest(
        seed=1, shape=(20, 128, 128), spacing_mm=(0.8, 0.8, 5.0), center_mm=(70, 0, 0),
        circular_field=True, padding_hu=-3024, nodules=0,
    )  # fmt: skip
    assert (scan.hu[:, 0, 0] == -3024).all()
    assert scan.hu[:, 64, 64].min() >= -1024
    assert (scan.lung_labels != 4).all()


def test_noise_is_what_was_asked_for() -> None:
    quiet, loud = (
        chest(seed=1, shape=(8, 256, 256), nodules=0, noise_hu=noise) for noise in (0.0, 40.0)
    )
    tissue = (quiet.hu > 20) & (quiet.hu < 80)
    deviation = (loud.hu.astype(float) - quiet.hu)[tissue].std()
    assert 20 < deviation < 50


def test_kernels_differ() -> None:
    soft, sharp = (chest(seed=1, kernel=kernel, **SMALL) for kernel in ("soft", "sharp"))
    tissue = (soft.hu > 20) & (soft.hu < 80)
    assert sharp.hu[tissue].std() > 2 * soft.hu[tissue].std()


def test_progress_counts_slices() -> None:
    seen: list[tuple[str, int, int]] = []
    chest(seed=1, shape=(3, 32, 32), nodules=0, progress=lambda *step: seen.append(step))
    assert seen == [("phantom", n, 3) for n in (1, 2, 3)]


def test_random_nodules_are_of_many_kinds() -> None:
    from lungrt.phantom.truth import draw_plans

    plans = draw_plans(300, np.random.default_rng(0))
    assert {plan.density for plan in plans} == {"solid", "part-solid", "ground-glass", "calcified"}
    assert {plan.shape for plan in plans} == {"smooth", "lobulated", "spiculated"}
    assert len({plan.attachment for plan in plans}) == 6


def test_options_are_one_frozen_value() -> None:
    options = PhantomOptions(seed=1, nodules=(NodulePlan(8),))
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.seed = 2  # type: ignore[misc]
    assert options == PhantomOptions(seed=1, nodules=(NodulePlan(8),))
