"""The whole diagnosis in plain Python: eager networks, NumPy and SciPy.

The reference that lungrt is held against. It is written from the description of what the book's
code computes and shares nothing with the C++ library: no code of it, and none of its Python
runtime. Each stage is a function of arrays, so that stages can be compared one by one.

Volumes are ``[slices, rows, columns]``, voxel positions (slice, row, column), world positions
(x, y, z) in mm.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from lungrt.models import InputContract, LoadedNetwork, load_network

HU = NDArray[np.int16]
Bits = NDArray[np.bool_]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Indices = NDArray[np.int64]
Inverse = Literal["book", "exact"]

# Six neighbours, for erosion and components.
CROSS = ndimage.generate_binary_structure(rank=3, connectivity=1)


@dataclass(frozen=True, eq=False)
class Scan:
    """A CT with its geometry.

    Attributes
    ----------
    hu : ndarray of int16
        Hounsfield units, ``[slices, rows, columns]``.
    origin_mm, spacing_mm : ndarray, shape (3,)
        In (x, y, z) order.
    direction : ndarray, shape (3, 3)
        Column j is the world direction of image axis j (columns, rows, slices).
    """

    hu: HU
    origin_mm: Doubles = field(default_factory=lambda: np.zeros(3))
    spacing_mm: Doubles = field(default_factory=lambda: np.ones(3))
    direction: Doubles = field(default_factory=lambda: np.eye(3))


@dataclass(frozen=True)
class Networks:
    """The networks of a diagnosis; several in a stage are an ensemble.

    `channels_last` changes the memory format of the networks, and with it speed and the last bits;
    the book's code does not use it.
    """

    segmentation: tuple[LoadedNetwork, ...]
    nodule: tuple[LoadedNetwork, ...]
    malignancy: tuple[LoadedNetwork, ...] = ()
    channels_last: bool = False


@dataclass(frozen=True, eq=False)
class Candidates:
    """Components of the eroded mask in pipeline order.

    Attributes
    ----------
    labels : ndarray of int64, shape (N,)
        Number of each in the label volume.
    centres : ndarray, shape (N, 3)
        Fractional voxel position of the centre of mass.
    world_centres : ndarray, shape (N, 3)
        World position of `centres`: what the order goes by.
    indices : ndarray of int64, shape (N, 3)
        Rounded centre: what is classified and reported.
    positions_mm : ndarray, shape (N, 3)
        World position of `indices`: what is reported.
    """

    labels: Indices
    centres: Doubles
    world_centres: Doubles
    indices: Indices
    positions_mm: Doubles


@dataclass(frozen=True, eq=False)
class Result:
    """What a run computed, stage by stage.

    `p_malignant` is NaN for candidates that are no nodule, or without a model that tells.
    `timings_s` has the seconds of segment, group, classify and total.
    """

    probability: Floats
    eroded: Bits
    candidates: Candidates
    p_nodule: Floats
    p_malignant: Floats
    threshold: float
    timings_s: dict[str, float]

    @property
    def indices(self) -> Indices:
        """Voxel position of each candidate, in pipeline order."""
        return self.candidates.indices

    @property
    def mask(self) -> Bits:
        """Voxels whose probability exceeds the threshold, before erosion."""
        return to_mask(self.probability, self.threshold)


# ---------------------------------------------------------------------------------------- inputs


def read_dicom(folder: Path | str) -> Scan:
    """Read the one CT series of a folder with SimpleITK.

    Raises
    ------
    ValueError
        The folder does not hold exactly one series, or voxels do not fit int16.
    """
    import SimpleITK  # here: the tests on a GPU machine read no DICOM and need no reader

    reader = SimpleITK.ImageSeriesReader()
    series = reader.GetGDCMSeriesIDs(str(folder))
    if len(series) != 1:
        raise ValueError(f"{folder}: expected one DICOM series, found {len(series)}")
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series[0]))
    image = reader.Execute()
    voxels = SimpleITK.GetArrayFromImage(image)
    lowest, highest = voxels.min(), voxels.max()
    if not (lowest >= -32768 and highest <= 32767):  # also where they are NaN
        raise ValueError(f"{folder}: voxels from {lowest} to {highest} do not fit int16")
    hu = np.rint(voxels).astype(np.int16)
    return Scan(
        hu,
        np.array(image.GetOrigin()),
        np.array(image.GetSpacing()),
        np.array(image.GetDirection()).reshape(3, 3),
    )


def load_networks(
    segmentation: Path | Sequence[Path],
    nodule: Path | Sequence[Path],
    malignancy: Path | Sequence[Path] = (),
    *,
    channels_last: bool = False,
) -> Networks:
    """Load one checkpoint, or an ensemble of several, for each stage."""

    def load(stage: str, paths: Path | Sequence[Path]) -> tuple[LoadedNetwork, ...]:
        several = [paths] if isinstance(paths, (str, Path)) else paths
        return tuple(load_network(stage, path) for path in several)

    networks = Networks(
        load("segmentation", segmentation),
        load("nodule", nodule),
        load("malignancy", malignancy),
        channels_last,
    )
    if channels_last:
        for network in networks.segmentation:
            network.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for network in networks.nodule + networks.malignancy:
            network.module.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return networks


# ---------------------------------------------------------------------------------- segmentation


def scale_hu(hu: HU, contract: InputContract) -> Floats:
    """Return ``clamp(hu, window) * scale + offset`` as float32."""
    low, high = contract.hu_window
    clamped = hu.astype(np.float32).clip(np.float32(low), np.float32(high))
    return clamped * np.float32(contract.scale) + np.float32(contract.offset)


def stack_context(hu: HU, slices: Sequence[int], contract: InputContract) -> Floats:
    """Return slices with their neighbours as channels, before any padding.

    Returns
    -------
    ndarray of float32, shape (len(slices), 2 * context_slices + 1, rows, columns)
        Beyond the first and last slice these are repeated.
    """
    context = contract.context_slices
    assert context is not None, "a segmentation contract states its context"
    steps = np.arange(-context, context + 1)
    chosen = (np.asarray(slices)[:, None] + steps).clip(0, len(hu) - 1)
    return scale_hu(hu[chosen], contract)


def pad_images(images: NDArray[Any], contract: InputContract) -> NDArray[Any]:
    """Repeat edges at the bottom and right up to `size_multiple`, then by `halo` all around."""
    halo, multiple = contract.halo, contract.size_multiple
    below, right = (-images.shape[-2] % multiple, -images.shape[-1] % multiple)
    margins = [(0, 0)] * (images.ndim - 2) + [(halo, halo + below), (halo, halo + right)]
    return np.pad(images, margins, mode="edge")


def infer(
    networks: Sequence[LoadedNetwork], batch: Floats, *, channels_last: bool = False
) -> Floats:
    """Return the members' mean probability: [N, 1, H, W] or [N, classes]."""
    inputs = torch.from_numpy(np.ascontiguousarray(batch))
    if channels_last:
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    total: torch.Tensor | None = None
    for network in networks:
        with torch.inference_mode():
            output = network.module(inputs)
        output = output[-1] if isinstance(output, tuple) else output
        if network.output_kind == "logits":
            output = output.sigmoid() if output.ndim == 4 else output.softmax(dim=1)
        total = output if total is None else total + output
    assert total is not None, "a stage has at least one network"
    return np.asarray((total / len(networks)).numpy() if len(networks) > 1 else total.numpy())


def segment(
    hu: HU,
    networks: Sequence[LoadedNetwork],
    *,
    batch: int = 4,
    channels_last: bool = False,
) -> Floats:
    """Return the probability of nodule, per voxel."""
    contract = _shared_contract(networks)
    halo = contract.halo
    rows, columns = hu.shape[1:]
    probability = np.empty(hu.shape, np.float32)
    for some in _batches(len(hu), batch):
        images = pad_images(stack_context(hu, some, contract), contract)
        output = infer(networks, images, channels_last=channels_last)
        expected = (len(some), 1, images.shape[2] - 2 * halo, images.shape[3] - 2 * halo)
        assert output.shape == expected, f"network gave {output.shape}, contract {expected}"
        probability[some] = output[:, 0, :rows, :columns]
    return probability


# -------------------------------------------------------------------------------------- grouping


def to_mask(probability: Floats, threshold: float = 0.5) -> Bits:
    """Return the voxels whose probability exceeds the threshold."""
    return probability > np.float32(threshold)


def erode(mask: Bits) -> Bits:
    """Return the mask eroded once by the 6-neighbour cross; outside is background."""
    eroded: Bits = ndimage.binary_erosion(mask, CROSS, iterations=1, border_value=0)
    return eroded


def label(mask: Bits) -> tuple[NDArray[np.int32], int]:
    """Return the 6-connected components, numbered from 1 by their first voxel, and their count."""
    labels, count = ndimage.label(mask, CROSS)
    return labels, int(count)


def centres_of_mass(hu: HU, labels: NDArray[np.int32], count: int) -> Doubles:
    """Return the fractional voxel position of each component, weighted by its density.

    Returns
    -------
    ndarray, shape (count, 3)
        Weights are ``clamp(hu, -1000, 1000) + 1001``.
    """
    if count == 0:
        return np.empty((0, 3))
    weights = hu.clip(-1000, 1000).astype(np.float64) + 1001
    return np.array(ndimage.center_of_mass(weights, labels, np.arange(1, count + 1)))


def to_world(scan: Scan, positions: Doubles | Indices) -> Doubles:
    """Return the world positions of (fractional) voxel positions, shape (N, 3)."""
    return np.array(
        [
            scan.direction @ (position[::-1] * scan.spacing_mm) + scan.origin_mm
            for position in positions
        ]
    ).reshape(-1, 3)


def to_index(scan: Scan, world: Doubles, geometry: Inverse = "book") -> Indices:
    """Return the voxels nearest to world positions, shape (N, 3); halves round to even.

    The book's inverse multiplies from the right, which is right only where the direction is its
    own inverse.
    """
    inverse = np.linalg.inv(scan.direction)
    turned = [
        (point - scan.origin_mm) @ inverse
        if geometry == "book"
        else inverse @ (point - scan.origin_mm)
        for point in world
    ]
    columns_first = np.array(turned).reshape(-1, 3) / scan.spacing_mm
    return np.rint(columns_first).astype(np.int64)[:, ::-1]


def order_by_world(world_centres: Doubles) -> NDArray[np.intp]:
    """Return the permutation that sorts ascending by (x, y, z); equals keep their order."""
    x, y, z = world_centres.T
    return np.lexsort((z, y, x))


def group(scan: Scan, eroded: Bits, *, geometry: Inverse = "book") -> Candidates:
    """Return the candidates of an eroded mask.

    Raises
    ------
    ValueError
        The book's inverse takes a candidate out of the volume, as it can on oblique scans.
    """
    labels, count = label(eroded)
    centres = centres_of_mass(scan.hu, labels, count)
    world_centres = to_world(scan, centres)
    order = order_by_world(world_centres)
    indices = to_index(scan, world_centres[order], geometry)
    outside = ((indices < 0) | (indices >= scan.hu.shape)).any(axis=1)
    if outside.any():
        first = int(outside.argmax())
        raise ValueError(
            f"candidate {first} at {world_centres[order][first]} mm is taken to voxel "
            f"{indices[first]}, out of the volume {scan.hu.shape}; geometry='exact' is right here"
        )
    return Candidates(
        labels=order + 1,
        centres=centres[order],
        world_centres=world_centres[order],
        indices=indices,
        positions_mm=to_world(scan, indices),
    )


# ------------------------------------------------------------------------------- classification


def crop_starts(shape: Sequence[int], index: Sequence[int], size: Sequence[int]) -> list[int]:
    """Return where the crop around a voxel starts, shifted inward where it would stick out.

    Raises
    ------
    ValueError
        The volume is smaller than the crop.
    """
    starts = []
    for length, centre, width in zip(shape, index, size, strict=True):
        if length < width:
            raise ValueError(f"volume {tuple(shape)} is smaller than the crop {tuple(size)}")
        # Python's round takes halves to even.
        starts.append(min(max(round(int(centre) - width / 2), 0), length - width))
    return starts


def crops(hu: HU, indices: Indices, contract: InputContract) -> Floats:
    """Return the network's inputs around voxels: float32, shape (N, 1, *crop)."""
    size = contract.crop
    assert size is not None, "a classifier's contract states its crop"
    cut = np.empty((len(indices), 1, *size), np.int16)
    for number, index in enumerate(indices):
        starts = crop_starts(hu.shape, index, size)
        cut[number, 0] = hu[tuple(slice(s, s + w) for s, w in zip(starts, size, strict=True))]
    return scale_hu(cut, contract)


def classify(
    hu: HU, indices: Indices, networks: Sequence[LoadedNetwork], *, batch: int = 4
) -> Floats:
    """Return the probability of each class for each voxel: float32, shape (N, classes)."""
    contract = _shared_contract(networks)
    probabilities = np.empty((len(indices), len(networks[0].classes)), np.float32)
    for some in _batches(len(indices), batch):
        probabilities[some] = infer(networks, crops(hu, indices[some], contract))
    return probabilities


def judge(
    hu: HU, indices: Indices, networks: Networks, *, threshold: float = 0.5, batch: int = 4
) -> tuple[Floats, Floats]:
    """Return p_nodule and p_malignant of voxels, the latter NaN where p_nodule <= threshold.

    Raises
    ------
    ValueError
        A three-class nodule classifier and a malignancy classifier contradict each other.
    """
    probabilities = classify(hu, indices, networks.nodule, batch=batch)
    p_malignant = np.full(len(indices), np.nan, np.float32)
    if probabilities.shape[1] == 3:
        if networks.malignancy:
            raise ValueError("a three-class nodule classifier already tells malignancy")
        p_nodule = 1 - probabilities[:, 0]
        is_nodule = p_nodule > threshold
        p_malignant[is_nodule] = probabilities[is_nodule, 2] / p_nodule[is_nodule]
    else:
        p_nodule = probabilities[:, 1]
        is_nodule = p_nodule > threshold
        if networks.malignancy:
            of_nodules = classify(hu, indices[is_nodule], networks.malignancy, batch=batch)
            p_malignant[is_nodule] = of_nodules[:, 1]
    return p_nodule, p_malignant


# ----------------------------------------------------------------------------------------- whole


def run(
    scan: Scan,
    networks: Networks,
    *,
    geometry: Inverse = "book",
    segmentation_threshold: float = 0.5,
    nodule_threshold: float = 0.5,
    batch: int = 4,
) -> Result:
    """Diagnose a CT."""
    started = time.perf_counter()
    probability = segment(
        scan.hu, networks.segmentation, batch=batch, channels_last=networks.channels_last
    )
    segmented = time.perf_counter()
    eroded = erode(to_mask(probability, segmentation_threshold))
    candidates = group(scan, eroded, geometry=geometry)
    grouped = time.perf_counter()
    p_nodule, p_malignant = judge(
        scan.hu, candidates.indices, networks, threshold=nodule_threshold, batch=batch
    )
    done = time.perf_counter()
    return Result(
        probability,
        eroded,
        candidates,
        p_nodule,
        p_malignant,
        segmentation_threshold,
        {
            "segment": segmented - started,
            "group": grouped - segmented,
            "classify": done - grouped,
            "total": done - started,
        },
    )


def _batches(count: int, size: int) -> Iterator[list[int]]:
    for start in range(0, count, size):
        yield list(range(start, min(start + size, count)))


def _shared_contract(networks: Sequence[LoadedNetwork]) -> InputContract:
    contracts = {network.input for network in networks}
    if len(contracts) != 1:
        raise ValueError(f"members of an ensemble need one input contract, got {contracts}")
    return contracts.pop()
