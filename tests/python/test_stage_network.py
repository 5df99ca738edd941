"""Network of a single stage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lungrt
from lungrt.errors import InvalidArgument


@pytest.fixture(scope="module")
def nodule(tiny_bundle: Path) -> lungrt.StageNetwork:
    """Load the nodule classifier, once."""
    return lungrt.StageNetwork(tiny_bundle, "nodule", threads=1)


def noise(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(0).normal(0, 500, shape).astype(np.float32)


def test_segmentation_gives_a_probability_a_pixel(tiny_bundle: Path) -> None:
    network = lungrt.StageNetwork(tiny_bundle, "segmentation", threads=1)
    slices = noise(5, 3, 12, 18)
    assert network.output_shape(slices.shape) == [5, 1, 12, 18]
    probabilities = network.run(slices)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (5, 1, 12, 18)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_classifier_gives_what_the_pipeline_gives(
    nodule: lungrt.StageNetwork, tiny_bundle: Path, small_ct: lungrt.CtVolume
) -> None:
    (finding,) = lungrt.Pipeline(tiny_bundle, threads=1, profile="book").classify(
        small_ct, [(6, 20, 20)]
    )
    crop = small_ct.hu[2:10, 16:24, 16:24].clip(-1000, 1000).astype(np.float32)
    probabilities = nodule.run(crop[None, None])
    assert probabilities.sum() == pytest.approx(1)
    assert probabilities[0, 1] == pytest.approx(finding.p_nodule, abs=1e-6)


def test_any_number_of_items_and_any_strides(nodule: lungrt.StageNetwork) -> None:
    crops = noise(19, 1, 8, 8, 8)
    expected = nodule.run(crops)
    np.testing.assert_allclose(nodule.run(crops[::-1]), expected[::-1], atol=1e-6)
    np.testing.assert_allclose(nodule.run(crops[:1]), expected[:1], atol=1e-6)


def test_other_types_are_refused(nodule: lungrt.StageNetwork) -> None:
    with pytest.raises(InvalidArgument, match="needs a float32 array, not float64"):
        nodule.run(np.zeros((1, 1, 8, 8, 8)))  # type: ignore[arg-type]


def test_member_that_is_not_there(tiny_bundle: Path) -> None:
    with pytest.raises(InvalidArgument, match="no member 1"):
        lungrt.StageNetwork(tiny_bundle, "nodule", member=1)
    assert lungrt.StageNetwork(tiny_bundle, "nodule", member=0).output_shape((1, 1, 8, 8, 8))
