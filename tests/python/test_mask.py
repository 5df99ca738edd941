"""Masks, erosion and labels as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import lungrt
from lungrt.errors import InvalidArgument


def noise(shape: tuple[int, int, int] = (5, 7, 131), seed: int = 0) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).random(shape) < 0.6


def test_array_in_is_array_out() -> None:
    voxels = noise()
    mask = lungrt.NoduleMask(voxels)
    assert mask.shape == (5, 7, 131)
    assert mask.count() == voxels.sum()
    assert np.asarray(mask).dtype == bool
    assert np.array_equal(mask, voxels)


def test_uint8_counts_what_is_not_zero() -> None:
    voxels = (noise().astype(np.uint8) * 3)[:, ::-1]
    assert np.array_equal(lungrt.NoduleMask(voxels), voxels != 0)


def test_array_protocol() -> None:
    mask = lungrt.NoduleMask(noise())
    assert np.asarray(mask, dtype=np.uint8).dtype == np.uint8
    assert np.array(mask, copy=True).sum() == mask.count()
    with pytest.raises(ValueError, match="always a copy"):
        np.asarray(mask, copy=False)


def test_equality() -> None:
    assert lungrt.NoduleMask(noise()) == lungrt.NoduleMask(noise())
    assert lungrt.NoduleMask(noise()) != lungrt.NoduleMask(noise(seed=1))
    assert lungrt.NoduleMask(noise((1, 2, 3))) != lungrt.NoduleMask(noise((1, 3, 2)))
    assert lungrt.NoduleMask(noise()) != "mask"


@pytest.mark.parametrize(
    "voxels", [np.zeros((2, 3), bool), np.zeros((2, 3, 4), np.int16), np.zeros((2, 3, 4))]
)
def test_other_arrays_are_refused(voxels: NDArray[np.bool_]) -> None:
    with pytest.raises(InvalidArgument, match=r"bool or uint8 array .*, not .*\(2, 3"):
        lungrt.NoduleMask(voxels)


def test_erosion_and_labels_are_scipys() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    voxels = noise()
    eroded = lungrt.erode(voxels)
    assert np.array_equal(eroded, ndimage.binary_erosion(voxels))
    labels, count = lungrt.label(voxels)
    expected, expected_count = ndimage.label(voxels)
    assert labels.dtype == np.int32
    assert count == expected_count
    assert np.array_equal(labels, expected)


def test_mask_and_array_are_taken_alike() -> None:
    voxels = noise()
    assert lungrt.erode(voxels) == lungrt.erode(lungrt.NoduleMask(voxels))


def test_repr_reads_well() -> None:
    assert (
        repr(lungrt.NoduleMask(np.ones((1, 2, 3), bool))) == "NoduleMask(shape=(1, 2, 3), count=6)"
    )
