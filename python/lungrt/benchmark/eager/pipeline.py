"""Diagnosis as in the book's code: slices in batches, SciPy for components, crops in batches.

Arrays are (slices, rows, columns), voxels (slice, row, column), world positions (x, y, z) in mm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lungrt.benchmark.eager.scan import Scan
from lungrt.errors import BadVolume
from lungrt.export.manifest import InputEntry, StageEntry

__all__ = [
    "StageNetwork",
    "classify",
    "crops",
    "erode",
    "evaluate",
    "find_candidates",
    "segment",
    "stack",
]

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]


class StageNetwork(Protocol):
    """The networks of a stage, run by any library."""

    @property
    def entry(self) -> StageEntry:
        """The stage in the bundle's manifest."""

    def __call__(self, batch: Floats) -> Floats:
        """Return probabilities: (N, 1, rows, columns) or (N, classes)."""


def segment(scan: Scan, network: StageNetwork, batch: int) -> Floats:
    """Return the probability of nodule for each voxel."""
    rows, columns = scan.hu.shape[1:]
    probability = np.empty(scan.hu.shape, np.float32)
    for some in _batches(len(scan.hu), batch):
        output = network(stack(scan.hu, some, network.entry.input))
        probability[some] = output[:, 0, :rows, :columns]
    return probability


def stack(hu: NDArray[np.int16], slices: list[int], contract: InputEntry) -> Floats:
    """Return slices with their neighbours as channels, padded as the network needs it.

    The first and last slice are repeated beyond the volume. The shape is (len(slices), channels,
    height, width).
    """
    context = contract.context_slices or 0
    around = np.arange(-context, context + 1)
    chosen = (np.asarray(slices)[:, None] + around).clip(0, len(hu) - 1)
    images = _scaled(hu[chosen], contract)
    halo = contract.halo
    below, right = (-size % contract.size_multiple for size in hu.shape[1:])
    margins = [(0, 0), (0, 0), (halo, halo + below), (halo, halo + right)]
    return np.pad(images, margins, mode="edge")


def erode(probability: Floats, threshold: float) -> NDArray[np.bool_]:
    """Return the mask of nodules, eroded once with the six-neighbour cross."""
    mask = probability > np.float32(threshold)
    eroded: NDArray[np.bool_] = ndimage.binary_erosion(mask, iterations=1)
    return eroded


def find_candidates(scan: Scan, eroded: NDArray[np.bool_]) -> Indices:
    """Return the voxels of the components' centres of mass, ordered by world position.

    Returns
    -------
    ndarray of int64, shape (candidates, 3)

    Raises
    ------
    lungrt.errors.BadVolume
        If the book's inverse transform moves a candidate out of the volume (oblique scans).
    """
    labels, count = ndimage.label(eroded)
    weights = scan.hu.clip(-1000, 1000).astype(np.float64) + 1001
    centres = ndimage.center_of_mass(weights, labels, np.arange(1, count + 1)) if count else []
    world = sorted(tuple(scan.to_world(np.array(centre))) for centre in centres)
    indices = np.array([scan.to_index(np.array(place)) for place in world], np.int64)
    indices = indices.reshape(-1, 3)
    if ((indices < 0) | (indices >= scan.hu.shape)).any():
        raise BadVolume(
            "the book's inverse transform moves a candidate out of the volume because the scan is "
            "oblique; use another CT, or leave out eager PyTorch with --no-eager"
        )
    return indices


def evaluate(
    scan: Scan, indices: Indices, networks: Mapping[str, StageNetwork], batch: int
) -> tuple[Floats, Floats]:
    """Return the probabilities of nodule and of malignancy; the latter is NaN for non-nodules."""
    nodule = networks["nodule"]
    probabilities = classify(scan.hu, indices, nodule, batch)
    malignant = np.full(len(indices), np.nan, np.float32)
    three_classes = len(nodule.entry.classes) == 3
    p_nodule = 1 - probabilities[:, 0] if three_classes else probabilities[:, 1]
    is_nodule = p_nodule > nodule.entry.threshold
    if three_classes:
        malignant[is_nodule] = probabilities[is_nodule, 2] / p_nodule[is_nodule]
    elif "malignancy" in networks:
        probability = classify(scan.hu, indices[is_nodule], networks["malignancy"], batch)
        malignant[is_nodule] = probability[:, 1]
    return p_nodule, malignant


def classify(hu: NDArray[np.int16], indices: Indices, network: StageNetwork, batch: int) -> Floats:
    """Return the probability of each class for each voxel, shape (voxels, classes)."""
    probabilities = np.empty((len(indices), len(network.entry.classes)), np.float32)
    for some in _batches(len(indices), batch):
        probabilities[some] = network(crops(hu, indices[some], network.entry.input))
    return probabilities


def crops(hu: NDArray[np.int16], indices: Indices, contract: InputEntry) -> Floats:
    """Return crops around voxels, shifted inward at borders: shape (voxels, 1, *crop)."""
    size = contract.crop
    assert size is not None, "a classifier's contract states its crop"
    if any(length < width for length, width in zip(hu.shape, size, strict=True)):
        raise BadVolume(f"the volume {hu.shape} is smaller than the crop {size}")
    cut = np.empty((len(indices), 1, *size), np.int16)
    for number, index in enumerate(indices):
        box = []
        for length, centre, width in zip(hu.shape, index, size, strict=True):
            # Python's round rounds halves to even.
            start = min(max(round(int(centre) - width / 2), 0), length - width)
            box.append(slice(start, start + width))
        cut[number, 0] = hu[tuple(box)]
    return _scaled(cut, contract)


def _scaled(hu: NDArray[np.int16], contract: InputEntry) -> Floats:
    low, high = contract.hu_window
    clamped = hu.astype(np.float32).clip(np.float32(low), np.float32(high))
    return clamped * np.float32(contract.scale) + np.float32(contract.offset)


def _batches(count: int, size: int) -> Iterator[list[int]]:
    for start in range(0, count, size):
        yield list(range(start, min(start + size, count)))
