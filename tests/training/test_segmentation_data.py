"""Masks grown from centres, slices around them, and candidates that are no nodules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from lungrt.errors import BadVolume, InvalidArgument
from lungrt.training.data import DataSet, open_data
from lungrt.training.data.masks import grow_masks, widen
from lungrt.training.data.mining import hard_negatives, mine_candidates
from lungrt.training.data.slices import AnnotatedSlices
from lungrt.training.segmentation_items import TrainingPatches, ValidationSlices
from lungrt.training.settings import Settings

from .conftest import EMPTY_INDEX, MALIGNANT_INDEX, SHAPE, small_chest, world

Quick = Callable[..., Settings]


def box_in_air(half: tuple[int, int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    hu = np.full((21, 25, 29), -900, np.int16)
    hu[tuple(slice(c - h, c + h + 1) for c, h in zip((10, 12, 14), half, strict=True))] = 0
    return hu


@given(st.tuples(st.integers(2, 8), st.integers(2, 8), st.integers(2, 8)))
def test_mask_is_the_tissue_around_the_centre(half: tuple[int, int, int]) -> None:
    hu = box_in_air(half)
    assert np.array_equal(grow_masks(hu, [(10, 12, 14)]), hu > -700)


def test_mask_grows_by_the_same_to_both_sides() -> None:
    hu = np.full((9, 9, 31), -900, np.int16)
    hu[4, 4, 2:20] = 0  # the centre is at 15: 4 voxels to the right, 13 to the left
    mask = grow_masks(hu, [(4, 4, 15)])
    assert np.flatnonzero(mask[4, 4]).tolist() == list(range(10, 20))


def test_mask_at_the_border_and_of_air() -> None:
    hu = np.zeros((5, 6, 7), np.int16)
    assert grow_masks(hu, [(0, 0, 0)]).any()
    assert not grow_masks(np.full((5, 6, 7), -900, np.int16), [(2, 3, 3)]).any()


def test_masks_of_several_nodules() -> None:
    hu = small_chest(0)
    both = grow_masks(hu, [MALIGNANT_INDEX, (8, 12, 12)])
    alone = [grow_masks(hu, [center]) for center in (MALIGNANT_INDEX, (8, 12, 12))]
    assert np.array_equal(both, alone[0] | alone[1])


@given(st.integers(-900, 0), st.integers(0, 3))
def test_mask_is_denser_than_the_threshold(threshold: int, seed: int) -> None:
    hu = small_chest(seed)
    mask = grow_masks(hu, [MALIGNANT_INDEX], threshold_hu=threshold)
    assert (hu[mask] > threshold).all()


def test_slices_around_a_nodule(luna_data: DataSet) -> None:
    slices = AnnotatedSlices(luna_data, context=2)
    hu, mask = slices.around(luna_data.samples[1], 20)
    volume = small_chest(0)
    box = (slice(18, 38), slice(18, 38))
    assert np.array_equal(hu, volume[6:11][(slice(None), *box)])
    assert np.array_equal(mask, grow_masks(volume, [MALIGNANT_INDEX, (8, 12, 12)])[8][box])


def test_slices_off_the_middle_of_a_nodule(luna_data: DataSet) -> None:
    slices = AnnotatedSlices(luna_data, context=2)
    volume, box = small_chest(0), (slice(18, 38), slice(18, 38))
    grown = grow_masks(volume, [MALIGNANT_INDEX, (8, 12, 12)])
    for off_center in (-1, 1):
        hu, mask = slices.around(luna_data.samples[1], 20, off_center)
        first = 6 + off_center
        assert np.array_equal(hu, volume[first : first + 5][(slice(None), *box)])
        assert np.array_equal(mask, grown[8 + off_center][box])
    # Beyond the last slice it is the last one.
    hu, _ = slices.around(luna_data.samples[1], 20, 99)
    last = len(volume) - 1
    assert np.array_equal(hu, volume[[last - 2, last - 1, last, last, last]][(slice(None), *box)])


def test_context_repeats_the_last_slice(luna_data: DataSet) -> None:
    hu, _ = AnnotatedSlices(luna_data, context=2).whole("1.2.0", 0)
    assert np.array_equal(hu, small_chest(0)[[0, 0, 0, 1, 2]])


def test_marked_slices_have_a_voxel_of_a_nodule(luna_data: DataSet) -> None:
    places = AnnotatedSlices(luna_data, context=1).marked_slices(["1.2.0", "1.2.2", "unknown"])
    mask = grow_masks(small_chest(0), [MALIGNANT_INDEX, (8, 12, 12)])
    assert [z for uid, z in places if uid == "1.2.0"] == np.flatnonzero(mask.any((1, 2))).tolist()
    assert {uid for uid, _ in places} == {"1.2.0", "1.2.2"}


def test_square_larger_than_a_ct_is_named(luna_data: DataSet) -> None:
    with pytest.raises(
        BadVolume, match=r"1\.2\.0: the CT has .* smaller than a crop of \[1, 48, 48"
    ):
        AnnotatedSlices(luna_data, 1).around(luna_data.samples[0], 48)


def test_crops_alone_are_no_cts(luna_data: DataSet) -> None:
    crops = replace(luna_data, load_crop=lambda sample, crop: np.zeros(crop, np.int16))
    with pytest.raises(InvalidArgument, match="training segmentation needs whole CTs"):
        AnnotatedSlices(crops, 1)


def test_patches_are_the_same_for_the_same_epoch(luna_data: DataSet, quick: Quick) -> None:
    def patches(epoch: int) -> list[list[float]]:
        items = TrainingPatches(luna_data, luna_data.samples, quick("segmentation"))
        items.begin(epoch)
        return [items[n][0].flatten().tolist() for n in range(len(items))]

    assert patches(1) == patches(1)
    assert patches(1) != patches(2)


def test_patches_have_their_masks(luna_data: DataSet, quick: Quick) -> None:
    items = TrainingPatches(luna_data, luna_data.samples, quick("segmentation"))
    items.begin(1)
    for number in range(12):
        hu, mask = items[number]
        assert hu.shape == (3, 16, 16)
        assert mask.shape == (1, 16, 16)
        assert (hu[1][mask[0] > 0] > -700).all()
        assert hu.min() >= -1000


def test_validation_is_whole_slices(luna_data: DataSet, quick: Quick) -> None:
    items = ValidationSlices(luna_data, luna_data.samples[:2], quick("segmentation"))
    hu, mask = items[0]
    assert hu.shape == (3, *SHAPE[1:])
    assert mask.sum() > 0


def test_no_nodule_to_train_on_is_named(luna_data: DataSet, quick: Quick) -> None:
    others = [sample for sample in luna_data.samples if not sample.is_nodule]
    with pytest.raises(InvalidArgument, match="the training samples have no nodule"):
        TrainingPatches(luna_data, others, quick("segmentation"))


def test_hard_negatives_are_at_no_nodule(luna_data: DataSet) -> None:
    malignant = world(MALIGNANT_INDEX)  # 9.6 mm: within 6.72 mm it is the nodule
    marks = {
        "1.2.0": [
            (malignant, 0.9),
            ((malignant[0] + 6.7, *malignant[1:]), 0.9),
            ((malignant[0] + 6.8, *malignant[1:]), 0.9),
            (world(EMPTY_INDEX), 0.05),
            (world(EMPTY_INDEX), 0.3),
        ]
    }
    mined = hard_negatives(luna_data, marks)
    assert [sample.center_mm for sample in mined] == [marks["1.2.0"][2][0], world(EMPTY_INDEX)]
    assert all(not sample.is_nodule and sample.patient == "1.2.0" for sample in mined)
    assert len(hard_negatives(luna_data, marks, least_probability=0.0)) == 3


def test_nodule_without_diameter_is_kept_clear_of(luna_data: DataSet) -> None:
    sample = replace(luna_data.samples[1], diameter_mm=None)
    data = DataSet("x", (sample,), luna_data.load_crop, luna_data.series)
    x, y, z = sample.center_mm
    marks = {"1.2.0": [((x + 20, y, z), 1.0), ((x + 22, y, z), 1.0)]}
    assert len(hard_negatives(data, marks)) == 1


def test_marks_of_unknown_series_are_named(luna_data: DataSet) -> None:
    with pytest.raises(InvalidArgument, match=r"hard negatives of series 9\.9"):
        hard_negatives(luna_data, {"9.9": []})


@pytest.mark.parametrize("stages", [("segmentation",), ("segmentation", "nodule")])
def test_candidates_of_a_bundle(
    luna_folder: Path, tmp_path: Path, stages: tuple[str, ...], quick: Quick
) -> None:
    torch = pytest.importorskip("torch")
    from lungrt.export import export_bundle
    from lungrt.models import load_network
    from lungrt.training.networks import make_network

    torch.manual_seed(0)
    networks = {}
    for stage in stages:
        network = make_network(quick(stage)).eval()
        for parameter in network.parameters():  # p = 0.5 ...
            parameter.data.zero_()
        if stage == "segmentation":  # ... but every voxel is marked
            network.unet.last.bias.data.fill_(1.0)
        torch.save(network.state_dict(), tmp_path / f"{stage}.pt")
        options = {} if stage == "segmentation" else {"crop": [8, 16, 16]}
        networks[stage] = [load_network(stage, tmp_path / f"{stage}.pt", options=options)]
    export_bundle(networks, tmp_path / "bundle", formats=("safetensors",))
    data = open_data(luna_folder)
    told: list[tuple[str, int, int]] = []
    found = mine_candidates(
        tmp_path / "bundle",
        dict(list(data.series.items())[:2]),
        progress=lambda *what: told.append(what),
    )
    assert told == [("mine", 1, 2), ("mine", 2, 2)]
    assert list(found) == ["1.2.0", "1.2.1"]
    for marks in found.values():
        ((_, probability),) = marks  # all of the volume
        assert probability == (1.0 if len(stages) == 1 else 0.5)


def draw_mask(luna: Path, uid: str, mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> None:
    """Write a mask in the voxels of a series."""
    ct = SimpleITK.ReadImage(str(next(luna.glob(f"subset*/{uid}.mhd"))))
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.CopyInformation(ct)
    (luna / "seg-nodules").mkdir(exist_ok=True)
    SimpleITK.WriteImage(image, str(luna / "seg-nodules" / f"{uid}.mhd"))


def test_drawn_masks_go_before_grown_ones(luna: Path, tmp_path: Path) -> None:
    grown = open_data(luna, cache_folder=tmp_path / "cache")
    before = AnnotatedSlices(grown, 1).whole("1.2.0", 8)[1]
    mask = np.zeros(SHAPE, bool)
    mask[8, 20:23, 5:9] = True
    draw_mask(luna, "1.2.0", mask)
    drawn = AnnotatedSlices(open_data(luna, cache_folder=tmp_path / "cache"), 1)
    assert np.array_equal(drawn.whole("1.2.0", 8)[1], mask[8])
    assert not np.array_equal(before, mask[8])
    assert drawn.marked_slices(["1.2.0"]) == [("1.2.0", 8)]
    # Those without one are grown still.
    assert np.array_equal(
        drawn.whole("1.2.2", 8)[1], AnnotatedSlices(grown, 1).whole("1.2.2", 8)[1]
    )


def test_a_mask_of_other_voxels_is_named(luna: Path) -> None:
    draw_mask(luna, "1.2.0", np.zeros(SHAPE, bool))
    path = luna / "seg-nodules" / "1.2.0.mhd"
    text = path.read_text()
    path.write_text(text.replace("Offset = -100", "Offset = -101", 1))
    slices = AnnotatedSlices(open_data(luna), 1)
    with pytest.raises(InvalidArgument, match=r"1\.2\.0\.mhd: .* expected those of its CT"):
        slices.whole("1.2.0", 3)


def test_a_share_of_the_draws_is_background(luna_data: DataSet, quick: Quick) -> None:
    settings = quick("segmentation", samples_per_epoch=20, background=0.25)
    items = TrainingPatches(luna_data, luna_data.samples, settings)
    items.begin(1)
    drawn = [items._choose(number) for number in range(20)]
    assert [not sample.is_nodule for sample, _ in drawn] == [False, False, False, True] * 5
    items.begin(2)
    assert drawn != [items._choose(number) for number in range(20)]
    # Without one, each nodule comes in turn, as in the book.
    plain = TrainingPatches(
        luna_data, luna_data.samples, quick("segmentation", samples_per_epoch=20)
    )
    plain.begin(1)
    assert all(plain._choose(number)[0].is_nodule for number in range(20))


def test_draws_around_nodules_lie_off_their_middle(luna_data: DataSet, quick: Quick) -> None:
    settings = quick("segmentation", samples_per_epoch=40, background=0.25, off_center=2)
    items = TrainingPatches(luna_data, luna_data.samples, settings)
    items.begin(1)
    drawn = [items._choose(number) for number in range(40)]
    assert {off for sample, off in drawn if sample.is_nodule} == {-2, -1, 0, 1, 2}
    assert {off for sample, off in drawn if not sample.is_nodule} == {0}
    assert drawn == [items._choose(number) for number in range(40)]


def test_a_margin_is_what_the_pipeline_erodes(luna: Path, quick: Quick) -> None:
    mask = np.zeros(SHAPE, bool)
    mask[8, 20:23, 5:9] = True
    draw_mask(luna, "1.2.0", mask)
    data = open_data(luna)
    plain, wide = (AnnotatedSlices(data, 1, margin) for margin in (0, 1))
    assert plain.marked_slices(["1.2.0"]) == [("1.2.0", 8)]
    assert wide.marked_slices(["1.2.0"]) == [("1.2.0", z) for z in (7, 8, 9)]
    whole = np.stack([wide.whole("1.2.0", z)[1] for z in range(SHAPE[0])])
    assert np.array_equal(ndimage.binary_erosion(whole), mask)
    settings = quick("segmentation", mask_margin=1, widths=(2, 4))
    assert ("1.2.0", 7) in ValidationSlices(data, data.samples, settings).places


@given(st.integers(0, 3), st.integers(0, 9))
def test_widened_masks_are_those_of_scipy(voxels: int, seed: int) -> None:
    mask = np.random.default_rng(seed).random((5, 6, 7)) < 0.03
    expected = ndimage.binary_dilation(mask, iterations=voxels) if voxels else mask
    assert np.array_equal(widen(mask, voxels), expected)


def test_background_needs_non_nodules(luna_data: DataSet, quick: Quick) -> None:
    nodules = [sample for sample in luna_data.samples if sample.is_nodule]
    with pytest.raises(InvalidArgument, match=r"background share of 0\.5 needs non-nodules"):
        TrainingPatches(luna_data, nodules, quick("segmentation", background=0.5))
