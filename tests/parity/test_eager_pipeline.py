"""The eager pipeline where the golden files do not reach: other networks, sizes and geometries."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import eager_pipeline as eager
import numpy as np
import pytest
import torch
from torch import nn

from lungrt.models import Checkpoint, InputContract, LoadedNetwork
from lungrt.models.unet import SegmentationUNet, UNetOptions

OBLIQUE = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


class Middle(nn.Module):
    """Gives the middle slice back: its Hounsfield units are the probability."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        middle = images.shape[1] // 2
        return images[:, middle : middle + 1] * self.gain


class FirstVoxel(nn.Module):
    """Gives rows of probabilities by the crop's first voxel."""

    def __init__(self, table: list[list[float]]) -> None:
        super().__init__()
        self.table = torch.tensor(table)

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        probabilities = self.table[crops[:, 0, 0, 0, 0].long()]
        return probabilities.log(), probabilities


def network(
    module: nn.Module,
    contract: InputContract,
    *,
    classes: tuple[str, ...] = ("nodule",),
    kind: str = "probability",
) -> LoadedNetwork:
    nothing = Checkpoint(Path("made-here"), "", {}, {})
    return LoadedNetwork(module, "custom:Net", {}, (), nothing, contract, kind, classes)


def random_hu(*shape: int) -> eager.HU:
    return np.random.default_rng(5).integers(-2048, 3072, shape).astype(np.int16)


def test_context_repeats_edge_slices_and_clamps() -> None:
    hu = np.arange(4, dtype=np.int16)[:, None, None] * 700 * np.ones((1, 2, 2), np.int16)
    contract = InputContract(context_slices=2, scale=0.5, offset=1.0)
    stacked = eager.stack_context(hu, [0, 3], contract)
    assert stacked.dtype == np.float32
    assert stacked.shape == (2, 5, 2, 2)
    assert stacked[0, :, 1, 1].tolist() == [1.0, 1.0, 1.0, 351.0, 501.0]
    assert stacked[1, :, 0, 0].tolist() == [351.0, 501.0, 501.0, 501.0, 501.0]


@pytest.mark.parametrize("batch", [1, 3, 4, 7])
def test_every_slice_is_segmented_whatever_the_batch(batch: int) -> None:
    hu = random_hu(7, 3, 5)
    contract = InputContract(context_slices=1, size_multiple=4)
    probability = eager.segment(hu, [network(Middle(), contract)], batch=batch)
    np.testing.assert_array_equal(probability, hu.clip(-1000, 1000))


@pytest.mark.parametrize("padding", [True, False])
def test_unet_on_a_size_that_it_does_not_divide(padding: bool) -> None:
    torch.manual_seed(1)
    options = UNetOptions(in_channels=1, widths=(2, 3, 2), padding=padding)
    module = SegmentationUNet(options).eval()
    contract = InputContract(context_slices=0, size_multiple=4, halo=options.halo)
    hu = random_hu(2, 9, 14)
    probability = eager.segment(hu, [network(module, contract)])
    halo = options.halo
    edges = np.pad(hu, [(0, 0), (halo, halo + 3), (halo, halo + 2)], mode="edge")
    x = torch.from_numpy(edges[:, None].astype(np.float32).clip(-1000, 1000))
    with torch.no_grad():
        expected = module(x)[:, 0, :9, :14]
    np.testing.assert_allclose(probability, expected.numpy(), rtol=0, atol=1e-6)


def test_ensemble_is_the_mean_of_probabilities() -> None:
    contract = InputContract(context_slices=0)
    members = [network(Middle(gain), contract) for gain in (1.0, 2.0, 6.0)]
    hu = random_hu(2, 3, 3)
    np.testing.assert_array_equal(eager.segment(hu, members), 3.0 * hu.clip(-1000, 1000))


def test_logits_become_probabilities() -> None:
    contract = InputContract(context_slices=0, scale=0.001)
    hu = random_hu(2, 3, 3)
    probability = eager.segment(hu, [network(Middle(), contract, kind="logits")])
    expected = 1 / (1 + np.exp(-hu.clip(-1000, 1000) / 1000))
    np.testing.assert_allclose(probability, expected, atol=1e-6)


def test_members_with_other_inputs_are_refused() -> None:
    members = [network(Middle(), InputContract(context_slices=n)) for n in (0, 1)]
    with pytest.raises(ValueError, match="one input contract"):
        eager.segment(random_hu(2, 3, 3), members)


def test_threshold_is_strict() -> None:
    below, above = np.nextafter(np.float32(0.5), np.float32([0, 1]))
    mask = eager.to_mask(np.array([below, 0.5, above], np.float32))
    assert mask.tolist() == [False, False, True]


def test_labels_follow_the_first_voxel_in_scan_order() -> None:
    mask = np.random.default_rng(2).random((9, 17, 33)) < 0.2
    labels, count = eager.label(mask)
    assert count > 100
    numbers, first = np.unique(labels[labels > 0], return_index=True)
    assert numbers.tolist() == list(range(1, count + 1))
    assert (np.diff(first) > 0).all()


def test_outside_counts_as_background_when_eroding() -> None:
    eroded = eager.erode(np.ones((3, 4, 5), bool))
    expected = np.zeros((3, 4, 5), bool)
    expected[1, 1:3, 1:4] = True
    np.testing.assert_array_equal(eroded, expected)


def test_centres_weigh_by_clamped_density() -> None:
    hu = np.array([[[-3000, 1500, -1000]]], np.int16)
    labels = np.ones((1, 1, 3), np.int32)
    centres = eager.centres_of_mass(hu, labels, 1)
    assert centres[0, 2] == (2001 * 1 + 1 * 2) / 2003


def test_geometry_there_and_back() -> None:
    scan = eager.Scan(
        np.zeros((4, 5, 6), np.int16),
        np.array([-10.0, 20.0, 30.0]),
        np.array([0.5, 0.75, 2.0]),
        np.diag([-1.0, -1.0, 1.0]),
    )
    world = eager.to_world(scan, np.array([[1, 2, 3]]))
    assert world.tolist() == [[-11.5, 18.5, 32.0]]
    for geometry in ("book", "exact"):
        assert eager.to_index(scan, world, geometry).tolist() == [[1, 2, 3]]


def test_index_rounds_halves_to_even() -> None:
    scan = eager.Scan(np.zeros((9, 9, 9), np.int16))
    world = np.array([[0.5, 1.5, 2.5]])
    assert eager.to_index(scan, world).tolist() == [[2, 2, 0]]


def test_order_is_by_x_then_y_then_z_and_stable() -> None:
    world = np.array([[1, 0, 0], [0, 5, 1], [0, 5, 0], [0, 2, 9], [0, 5, 0]], float)
    assert eager.order_by_world(world).tolist() == [3, 2, 4, 1, 0]


def test_books_inverse_on_an_oblique_scan() -> None:
    hu = np.zeros((4, 40, 40), np.int16)
    mask = np.zeros(hu.shape, bool)
    mask[2, 30, 20] = True
    scan = eager.Scan(hu, direction=OBLIQUE)
    with pytest.raises(ValueError, match=r"candidate 0 at .* out of the volume"):
        eager.group(scan, mask)
    assert eager.group(scan, mask, geometry="exact").indices.tolist() == [[2, 30, 20]]


def test_no_candidates() -> None:
    scan = eager.Scan(random_hu(3, 4, 5))
    candidates = eager.group(scan, np.zeros(scan.hu.shape, bool))
    assert candidates.indices.shape == candidates.positions_mm.shape == (0, 3)
    assert candidates.world_centres.shape == candidates.centres.shape == (0, 3)


@pytest.mark.parametrize(
    ("centre", "width", "start"),
    [(50, 32, 34), (50, 33, 34), (51, 33, 34), (3, 32, 0), (99, 32, 68), (10, 100, 0)],
)
def test_crop_is_shifted_inward(centre: int, width: int, start: int) -> None:
    assert eager.crop_starts([100], [centre], [width]) == [start]


def test_volume_smaller_than_the_crop() -> None:
    with pytest.raises(ValueError, match="smaller than the crop"):
        eager.crops(random_hu(3, 9, 9), np.array([[1, 4, 4]]), InputContract(crop=(4, 4, 4)))


def numbered() -> tuple[eager.HU, eager.Indices, InputContract]:
    """Return four voxels whose crops begin with 0, 1, 2 and 3."""
    hu = np.arange(5, dtype=np.int16).reshape(1, 1, 5)
    return hu, np.array([[0, 0, column] for column in range(1, 5)]), InputContract(crop=(1, 1, 2))


TWO = [[0.9, 0.1], [0.5, 0.5], [0.25, 0.75], [0.125, 0.875]]
THREE = [[0.9, 0.05, 0.05], [0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.125, 0.125, 0.75]]


def test_malignancy_is_told_of_nodules_only() -> None:
    hu, indices, contract = numbered()
    nodule = network(FirstVoxel(TWO), contract, classes=("non-nodule", "nodule"))
    malignancy = network(
        FirstVoxel([[1, 0], [1, 0], [0.75, 0.25], [0.5, 0.5]]),
        contract,
        classes=("benign", "malignant"),
    )
    networks = eager.Networks((), (nodule,), (malignancy,))
    p_nodule, p_malignant = eager.judge(hu, indices, networks)
    np.testing.assert_array_equal(p_nodule, np.float32([0.1, 0.5, 0.75, 0.875]))
    np.testing.assert_array_equal(p_malignant, np.float32([np.nan, np.nan, 0.25, 0.5]))
    _, nothing = eager.judge(hu, indices, dataclasses.replace(networks, malignancy=()))
    assert np.isnan(nothing).all()


def test_three_classes() -> None:
    hu, indices, contract = numbered()
    nodule = network(FirstVoxel(THREE), contract, classes=("non-nodule", "benign", "malignant"))
    networks = eager.Networks((), (nodule,))
    p_nodule, p_malignant = eager.judge(hu, indices, networks)
    np.testing.assert_allclose(p_nodule, [0.1, 0.5, 0.75, 0.875], rtol=1e-6)
    np.testing.assert_allclose(p_malignant, [np.nan, np.nan, 0.25 / 0.75, 0.75 / 0.875], rtol=1e-6)
    both = dataclasses.replace(networks, malignancy=networks.nodule)
    with pytest.raises(ValueError, match="already tells malignancy"):
        eager.judge(hu, indices, both)


def test_whole_run_on_a_made_up_scan() -> None:
    hu = np.full((12, 20, 20), -1000, np.int16)
    hu[3:6, 4:7, 5:8] = 900
    hu[7:10, 12:15, 2:5] = 900
    segmentation = network(Middle(), InputContract(context_slices=1, scale=0.001, size_multiple=8))
    contract = InputContract(crop=(4, 8, 8), hu_window=(0, 1))
    nodule = network(FirstVoxel(TWO), contract, classes=("non-nodule", "nodule"))
    result = eager.run(eager.Scan(hu), eager.Networks((segmentation,), (nodule,)))
    assert int(result.mask.sum()) == 54
    assert result.indices.tolist() == [[8, 13, 3], [4, 5, 6]]
    assert set(result.timings_s) == {"segment", "group", "classify", "total"}
    np.testing.assert_array_equal(result.p_nodule, np.float32([0.1, 0.1]))


def test_reading_a_folder_without_a_series(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected one DICOM series, found 0"):
        eager.read_dicom(tmp_path)


def test_reading_a_reference_ct(reference_scan: Callable[[str], eager.Scan]) -> None:
    scan = reference_scan("C3N-00247")
    assert scan.hu.shape == (99, 512, 512)
    assert scan.hu.dtype == np.int16
    np.testing.assert_allclose(scan.spacing_mm, [0.564, 0.564, 3.0], atol=1e-3)
    np.testing.assert_array_equal(scan.direction, np.eye(3))
