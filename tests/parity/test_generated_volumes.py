"""The C++ pipeline against the eager one on volumes that real scanners seldom make.

The networks are small members of the real families with random weights: parity does not care
whether they are right, and random ones propose far more candidates.
"""

from __future__ import annotations

from pathlib import Path

import compare
import eager_pipeline as eager
import engines
import numpy as np
import pytest
from generated_scans import SCANS, texture
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

import lungrt

# No round angle or spacing: two centres with one x up to rounding have no order to agree on.
OBLIQUE = Rotation.from_euler("zx", [0.65, 0.21]).as_matrix()


@pytest.fixture(scope="module")
def pipeline(small_bundle: Path, engine: str) -> lungrt.Pipeline:
    return engines.open_pipeline(small_bundle, engine)


@pytest.fixture(scope="module")
def grouping(small_bundle: Path) -> lungrt.Pipeline:
    """For what lies between the networks, whatever runs them."""
    return lungrt.Pipeline(small_bundle, profile="book")


@pytest.mark.parametrize("name", SCANS)
def test_every_stage_equals_eager(
    name: str, pipeline: lungrt.Pipeline, small_networks: eager.Networks
) -> None:
    scan = SCANS[name]
    expected = eager.run(scan, small_networks)
    assert len(expected.indices) > 3, "the case is to have candidates"

    compare.assert_same_inputs(pipeline, scan, small_networks, expected.indices)
    volume = compare.volume_of(scan)
    mask = np.asarray(pipeline.segment(volume))
    compare.assert_same_decisions(mask, expected.probability, 0.5, "mask voxels")
    compare.assert_same_groups(pipeline, scan, expected.mask, "book")
    findings = pipeline.classify(volume, map(tuple, expected.indices))
    compare.assert_same_probabilities(findings, expected.p_nodule, expected.p_malignant, "cpu")

    if (mask == expected.mask).all():
        report = pipeline.run(volume)
        assert [c.index for c in report.candidates] == [tuple(i) for i in expected.indices]


@pytest.mark.parametrize("slices", [1, 2, 3])
def test_few_slices_are_segmented_and_refused_by_the_classifier(
    slices: int, pipeline: lungrt.Pipeline, small_networks: eager.Networks
) -> None:
    scan = eager.Scan(texture((slices, 40, 44), slices))
    probability = eager.segment(scan.hu, small_networks.segmentation)
    mask = np.asarray(pipeline.segment(compare.volume_of(scan)))
    compare.assert_same_decisions(mask, probability, 0.5, "mask voxels")
    compare.assert_same_groups(pipeline, scan, eager.to_mask(probability), "book")
    with pytest.raises(ValueError, match="smaller than the crop"):
        eager.crops(scan.hu, np.array([[0, 5, 5]]), small_networks.nodule[0].input)
    with pytest.raises(lungrt.errors.BadVolume, match="smaller than the classifier's crop"):
        pipeline.classify(compare.volume_of(scan), [(0, 5, 5)])


def test_an_oblique_scan(small_bundle: Path, small_networks: eager.Networks) -> None:
    scan = eager.Scan(
        texture((8, 40, 44), 7),
        np.array([10.3, -5.7, 2.1]),
        np.array([0.683, 0.771, 2.513]),
        OBLIQUE,
    )
    exact = lungrt.Pipeline(small_bundle, geometry="exact", profile="book")
    expected = eager.run(scan, small_networks, geometry="exact")
    compare.assert_same_groups(exact, scan, expected.mask, "exact")

    with pytest.raises(ValueError, match="out of the volume"):
        eager.group(scan, expected.eroded, geometry="book")
    with pytest.raises(lungrt.errors.BadVolume, match=r"outside.*lung"):
        lungrt.Pipeline(small_bundle, profile="book").group(compare.volume_of(scan), expected.mask)


def test_the_books_inverse_where_it_stays_inside(grouping: lungrt.Pipeline) -> None:
    """A slight tilt: wrong by a few voxels, and wrong in the same way."""
    angle = 0.05
    direction = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    scan = eager.Scan(texture((8, 40, 44), 8), np.zeros(3), np.array([0.7, 0.8, 2.5]), direction)
    mask = np.zeros(scan.hu.shape, bool)
    mask[2:6, 10:15, 12:18] = True
    mask[1:5, 20:26, 20:27] = True
    groups = compare.assert_same_groups(grouping, scan, mask, "book")
    assert (groups.indices != np.rint(groups.centres)).any(), "the case is to show the difference"


def border_mask(shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    mask = np.ones(shape, bool)
    mask[3:-3, 4:-4, 4:-4] = False
    return mask


MASKS = {
    "empty": np.zeros((7, 20, 30), bool),
    "one huge component": np.ones((7, 20, 70), bool),
    "components on every border": border_mask((9, 30, 66)),
    "checkerboard": np.indices((6, 20, 20)).sum(0) % 2 == 0,
    "sparse": np.random.default_rng(9).random((8, 50, 70)) < 0.3,
    "half": np.random.default_rng(10).random((8, 50, 70)) < 0.85,
    "dense": np.random.default_rng(11).random((8, 50, 129)) < 0.97,
    "one slice": np.ones((1, 20, 20), bool),
    "two slices": np.ones((2, 20, 20), bool),
    "one column": np.ones((7, 20, 1), bool),
}


@pytest.mark.parametrize("name", MASKS)
def test_masks_are_grouped_like_scipy(name: str, grouping: lungrt.Pipeline) -> None:
    mask = MASKS[name]
    scan = eager.Scan(
        texture(mask.shape, 12), np.array([1.5, -2.0, 3.0]), np.array([0.7, 0.8, 2.5])
    )
    compare.assert_same_groups(grouping, scan, mask, "book")


def test_an_unpadded_network_of_three_classes_and_an_ensemble(
    engine: str, halo_bundle: Path, halo_networks: eager.Networks
) -> None:
    scan = eager.Scan(texture((9, 37, 45), 13))
    expected = eager.run(scan, halo_networks)
    pipeline = engines.open_pipeline(halo_bundle, engine)
    compare.assert_same_inputs(pipeline, scan, halo_networks, expected.indices)
    volume = compare.volume_of(scan)
    compare.assert_same_decisions(
        np.asarray(pipeline.segment(volume)), expected.probability, 0.5, "mask voxels"
    )
    findings = pipeline.classify(volume, map(tuple, expected.indices))
    assert any(f.p_malignant is not None for f in findings)
    compare.assert_same_probabilities(findings, expected.p_nodule, expected.p_malignant, "cpu")


def test_threads_share_one_pipeline(pipeline: lungrt.Pipeline) -> None:
    from concurrent.futures import ThreadPoolExecutor

    volumes = [compare.volume_of(scan) for scan in SCANS.values()]

    def decisions(volume: lungrt.CtVolume) -> list[object]:
        report = pipeline.run(volume)
        found = [(c.index, c.p_nodule, c.p_malignant) for c in report.candidates]
        return [report.mask_voxels, *found]

    alone = [decisions(volume) for volume in volumes]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(decisions, volumes * 4))
    assert together == alone * 4
