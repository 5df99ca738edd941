"""Golden inputs and outputs of networks, and the file in which a bundle stores them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungrt import _core
from lungrt.export.manifest import InputEntry
from lungrt.export.phantom import lung_patch

_Array = NDArray[np.float32]

# Batch, height and width, of which the latter two are rounded up to a size that the network takes.
# They are few and small so that a bundle has only a few megabytes.
_GOLDEN_IMAGES = ((1, 48, 48), (2, 64, 40), (4, 40, 48), (5, 33, 35))
_GOLDEN_CROPS = (1, 3)

# Further inputs that the exporter compares and does not store.
_OTHER_IMAGES = ((3, 96, 80), (8, 32, 36), (1, 128, 160))
_OTHER_CROPS = (2, 4, 5, 8)

_GOLDEN_SEED, _OTHER_SEED = 20, 1


@dataclass(frozen=True, eq=False)
class Golden:
    """Input of a network and the output of the eager module for it.

    Attributes
    ----------
    input : numpy.ndarray
        Float32 [N, channels, rows, columns] or [N, 1, slices, rows, columns].
    output : numpy.ndarray
        Float32 [N, 1, rows, columns] or [N, classes]; probabilities or logits.
    """

    input: _Array
    output: _Array


def golden_inputs(contract: InputEntry) -> list[_Array]:
    """Return the inputs that a bundle stores; the same contract gives the same inputs."""
    return _inputs(contract, _GOLDEN_IMAGES, _GOLDEN_CROPS, _GOLDEN_SEED)


def other_inputs(contract: InputEntry) -> list[_Array]:
    """Return inputs of other batch sizes, heights and widths than the golden ones."""
    return _inputs(contract, _OTHER_IMAGES, _OTHER_CROPS, _OTHER_SEED)


def inputs_of_size(contract: InputEntry, rows: int, columns: int) -> list[_Array]:
    """Return two inputs of one slice of a given size; they are the same every time."""
    images = ((1, rows, columns),)
    return [_inputs(contract, images, (), seed)[0] for seed in (_GOLDEN_SEED, _OTHER_SEED)]


def _inputs(
    contract: InputEntry,
    images: Sequence[tuple[int, int, int]],
    crops: Sequence[int],
    seed: int,
) -> list[_Array]:
    rng = np.random.default_rng(seed)
    if contract.crop is not None:
        hu = [np.stack([lung_patch(contract.crop, rng)[None] for _ in range(n)]) for n in crops]
    else:
        # One multiple more each time, so that no two sizes are equal after they were rounded up.
        more = [number * contract.size_multiple for number in range(len(images))]
        hu = [
            _slices(contract, n, rows, columns + extra, rng)
            for (n, rows, columns), extra in zip(images, more, strict=True)
        ]
    return [_as_seen(contract, batch) for batch in hu]


def _slices(
    contract: InputEntry, batch: int, height: int, width: int, rng: np.random.Generator
) -> _Array:
    """Return neighbouring slices with their context [batch, channels, height, width]."""
    channels = contract.channels
    rows, columns = (contract.fitting_size(size) for size in (height, width))
    volume = lung_patch((batch + channels - 1, rows, columns), rng)
    return np.stack([volume[first : first + channels] for first in range(batch)])


def _as_seen(contract: InputEntry, hu: _Array) -> _Array:
    low, high = map(np.float32, contract.hu_window)
    return np.clip(hu, low, high) * np.float32(contract.scale) + np.float32(contract.offset)


def to_safetensors(goldens: Sequence[Golden]) -> bytes:
    """Return a safetensors file of the tensors ``input_0``, ``output_0``, ``input_1``, ..."""
    from safetensors.numpy import save

    tensors: dict[str, _Array] = {}
    for number, golden in enumerate(goldens):
        tensors[f"input_{number}"] = np.ascontiguousarray(golden.input)
        tensors[f"output_{number}"] = np.ascontiguousarray(golden.output)
    data: bytes = save(tensors)
    return data


def read_goldens(path: Path) -> list[Golden]:
    """Read goldens from a file of a bundle.

    Raises
    ------
    BadBundle
        The file is not a safetensors file, or it does not hold pairs of inputs and outputs.
    Io
        The file cannot be read.
    """
    return [Golden(*pair) for pair in _core.read_goldens(os.fspath(path))]
