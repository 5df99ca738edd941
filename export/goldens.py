"""Golden inputs and outputs: which there are, and the file they travel in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungrt.errors import BadBundle, EngineUnavailable
from lungrt.export.manifest import InputEntry
from lungrt.export.phantom import lung_patch

_Array = NDArray[np.float32]

# Batch, height and width; the latter two become what the network takes. Few and small, so that a
# bundle stays a few megabytes.
_GOLDEN_IMAGES = ((1, 48, 48), (2, 64, 40), (4, 40, 48), (5, 33, 35))
_GOLDEN_CROPS = (1, 3)

# What the exporter compares besides, and keeps no record of.
_OTHER_IMAGES = ((3, 96, 80), (8, 32, 36), (1, 128, 160))
_OTHER_CROPS = (2, 4, 5, 8)

_GOLDEN_SEED, _OTHER_SEED = 20, 1


@dataclass(frozen=True, eq=False)
class Golden:
    """An input as the network gets it, and the eager module's output.

    Attributes
    ----------
    input : numpy.ndarray
        Float32 [N, channels, rows, columns] or [N, 1, slices, rows, columns].
    output : numpy.ndarray
        Float32 [N, 1, rows, columns] or [N, classes]: probabilities or logits.
    """

    input: _Array
    output: _Array


def golden_inputs(contract: InputEntry) -> list[_Array]:
    """Return the inputs that a bundle keeps; the same for the same contract."""
    return _inputs(contract, _GOLDEN_IMAGES, _GOLDEN_CROPS, _GOLDEN_SEED)


def other_inputs(contract: InputEntry) -> list[_Array]:
    """Return inputs of other batch sizes, heights and widths than the golden ones."""
    return _inputs(contract, _OTHER_IMAGES, _OTHER_CROPS, _OTHER_SEED)


def inputs_of_size(contract: InputEntry, rows: int, columns: int) -> list[_Array]:
    """Return inputs of one slice each, of slices of a given size; the same every time."""
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
        # One multiple more each time: sizes differ and are not square, however coarse they are.
        more = [number * contract.size_multiple for number in range(len(images))]
        hu = [
            _slices(contract, n, rows, columns + extra, rng)
            for (n, rows, columns), extra in zip(images, more, strict=True)
        ]
    return [_as_seen(contract, batch) for batch in hu]


def _slices(
    contract: InputEntry, batch: int, height: int, width: int, rng: np.random.Generator
) -> _Array:
    """Neighbouring slices with their context: [batch, channels, height, width]."""
    channels = contract.channels
    rows, columns = (contract.fitting_size(size) for size in (height, width))
    volume = lung_patch((batch + channels - 1, rows, columns), rng)
    return np.stack([volume[first : first + channels] for first in range(batch)])


def _as_seen(contract: InputEntry, hu: _Array) -> _Array:
    low, high = map(np.float32, contract.hu_window)
    return np.clip(hu, low, high) * np.float32(contract.scale) + np.float32(contract.offset)


def to_safetensors(goldens: Sequence[Golden]) -> bytes:
    """Return goldens as a file: tensors ``input_0``, ``output_0``, ``input_1``, ..."""
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
        It is no safetensors file, or holds something else than pairs of inputs and outputs.
    EngineUnavailable
        The package safetensors is not installed.
    """
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load
    except ImportError as error:
        raise EngineUnavailable(
            f"{path}: reading goldens needs the package safetensors; pip install safetensors"
        ) from error
    try:
        tensors = load(path.read_bytes())
    except SafetensorError as error:
        raise BadBundle(f"{path}: is no safetensors file ({error}); export again") from error
    count = sum(name.startswith("input_") for name in tensors)
    expected = {f"{kind}_{number}" for kind in ("input", "output") for number in range(count)}
    wrong_type = [name for name, tensor in tensors.items() if tensor.dtype != np.float32]
    if not count or set(tensors) != expected or wrong_type:
        raise BadBundle(
            f"{path}: expected float32 tensors input_0, output_0, input_1, ..., found "
            f"{_described(tensors)}; export again"
        )
    return [Golden(tensors[f"input_{n}"], tensors[f"output_{n}"]) for n in range(count)]


def _described(tensors: dict[str, _Array]) -> str:
    def by_number(name: str) -> tuple[int, str]:
        digits = re.search(r"\d+$", name)
        return (int(digits[0]) if digits else -1, name)

    names = sorted(tensors, key=by_number)
    return ", ".join(f"{name} {tensors[name].dtype}" for name in names) or "none"
