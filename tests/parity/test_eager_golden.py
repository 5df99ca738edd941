"""The eager pipeline gives the golden files: what the book's own code found on both CTs."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import eager_pipeline as eager
import numpy as np
import pytest
from numpy.typing import NDArray

NAMES = ("C3N-00247", "LIDC-IDRI-0001")
# Kernels of another CPU round differently: a decision may differ this close to the threshold.
DECISION_BAND = 5e-4


@dataclass(frozen=True)
class Golden:
    eroded: NDArray[np.bool_]
    indices: NDArray[np.int64]
    positions_mm: NDArray[np.float64]
    p_nodule: NDArray[np.float64]


def read_golden(reference: Path, name: str) -> Golden:
    with np.load(reference / "golden" / f"{name}_mask.npz") as archive:
        shape = tuple(archive["shape"])
        bits = np.unpackbits(archive["bits"], count=int(np.prod(shape)))
    with (reference / "golden" / f"{name}_candidates.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return Golden(
        bits.reshape(shape).astype(bool),
        np.array([[int(row[axis]) for axis in ("index", "row", "col")] for row in rows]),
        np.array([[float(row[axis]) for axis in ("x_mm", "y_mm", "z_mm")] for row in rows]),
        np.array([float(row["p_nodule"]) for row in rows]),
    )


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def golden(reference: Path, name: str) -> Golden:
    return read_golden(reference, name)


@pytest.fixture(scope="module")
def result(eager_result: Callable[[str], eager.Result], name: str) -> eager.Result:
    return eager_result(name)


def test_eroded_mask(golden: Golden, result: eager.Result) -> None:
    # A voxel survives erosion by the least probability of itself and its six neighbours.
    padded = np.pad(result.probability, 1)
    weakest = result.probability.copy()
    for axis in range(3):
        for shift in (-1, 1):
            np.minimum(weakest, np.roll(padded, shift, axis)[1:-1, 1:-1, 1:-1], out=weakest)
    differing = np.argwhere(golden.eroded != result.eroded)
    far = [
        (tuple(map(int, voxel)), float(weakest[tuple(voxel)]))
        for voxel in differing
        if abs(weakest[tuple(voxel)] - 0.5) > DECISION_BAND
    ]
    assert not far, f"{len(differing)} voxels differ, of them not near the threshold: {far[:20]}"


def test_candidates(golden: Golden, result: eager.Result) -> None:
    candidates = result.candidates
    assert len(candidates.indices) == len(golden.indices)
    np.testing.assert_array_equal(candidates.indices, golden.indices)
    np.testing.assert_allclose(candidates.positions_mm, golden.positions_mm, rtol=0, atol=1e-9)


def test_probabilities(golden: Golden, result: eager.Result) -> None:
    np.testing.assert_allclose(result.p_nodule, golden.p_nodule, rtol=0, atol=1e-3)
    np.testing.assert_array_equal(result.p_nodule > 0.5, golden.p_nodule > 0.5)


def test_the_true_nodule_is_found(eager_result: Callable[[str], eager.Result]) -> None:
    result = eager_result("LIDC-IDRI-0001")
    distances = np.linalg.norm(result.candidates.positions_mm - (56.9, 86.3, -115.0), axis=1)
    nearest = int(distances.argmin())
    assert distances[nearest] < 0.1
    assert result.p_nodule[nearest] > 0.9995
