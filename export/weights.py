"""Artifact that stores only the weights, for engines that implement the two families themselves.

It is a safetensors file of float32 tensors with the names of `lungrt.models`, without
``num_batches_tracked``, which inference does not use. Its metadata describe the network: ``format``
and ``format_version``, ``lungrt.architecture``, and ``lungrt.options``, a JSON object with every
option of the family; ``convolution_widths`` is there only for a U-Net that needs it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from lungrt.errors import BadBundle, CheckpointMismatch, InvalidArgument, Io, UnsupportedVersion
from lungrt.models import LoadedNetwork
from lungrt.models.classifier import Classifier3d, ClassifierOptions
from lungrt.models.matching import matched_state
from lungrt.models.unet import SegmentationUNet, UNetOptions

_FORMAT, _VERSION = "lungrt-weights", "1"
_UNUSED = "num_batches_tracked"
_OPTIONAL = "convolution_widths"  # of a U-Net, and only where it is pruned


@dataclass(frozen=True)
class _Family:
    options: Callable[..., Any]
    module: Callable[[Any], nn.Module]


_FAMILIES = {
    "unet": _Family(UNetOptions, SegmentationUNet),
    "classifier3d": _Family(ClassifierOptions, Classifier3d),
}


def made_with() -> str:
    """Return the value of ``made_with`` in the manifest."""
    return f"lungrt {metadata.version('lungrt')}"


def why_not(network: LoadedNetwork) -> str:
    """Return why a network cannot be stored as weights only; empty if it can."""
    if network.architecture not in _FAMILIES:
        return (
            "this format stores only weights, so it supports only the architectures "
            f"{' and '.join(_FAMILIES)}, not {network.architecture}"
        )
    state = network.module.state_dict()
    others = {
        str(tensor.dtype).removeprefix("torch.")
        for tensor in state.values()
        if tensor.is_floating_point() and tensor.dtype != torch.float32
    }
    if others:
        return (
            "this format stores only float32, but the network has tensors of type "
            f"{', '.join(sorted(others))}"
        )
    return ""


def to_weights(network: LoadedNetwork) -> bytes:
    """Return a network's weights and description as a file; it has the same bytes every time.

    Raises
    ------
    InvalidArgument
        The network cannot be stored as weights only; see `why_not`.
    """
    if problem := why_not(network):
        raise InvalidArgument(f"safetensors: {problem}")
    described = {
        "format": _FORMAT,
        "format_version": _VERSION,
        "lungrt.architecture": network.architecture,
        "lungrt.options": json.dumps(
            {name: value for name, value in network.options.items() if value is not None},
            sort_keys=True,
            allow_nan=False,
        ),
    }
    return _safetensors(
        {
            name: tensor
            for name, tensor in network.module.state_dict().items()
            if not name.endswith(_UNUSED)
        },
        described,
    )


def _safetensors(tensors: Mapping[str, Tensor], described: Mapping[str, str]) -> bytes:
    """Return a safetensors file with its metadata in the given order.

    The package safetensors writes metadata in random order, so that no two files would be equal.
    """
    header: dict[str, Any] = {"__metadata__": dict(described)}
    values: list[bytes] = []
    end = 0
    for name, tensor in tensors.items():
        values.append(tensor.detach().cpu().numpy().astype("<f4", copy=False).tobytes())
        begin, end = end, end + len(values[-1])
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the format wants the values aligned to 8 bytes
    return b"".join([len(text).to_bytes(8, "little"), text, *values])


def open_weights(path: Path | str) -> nn.Module:
    """Build a network from a file of weights.

    Returns
    -------
    torch.nn.Module
        Float32 network on the CPU in evaluation mode, without gradients, like
        `LoadedNetwork.module`.

    Raises
    ------
    BadBundle
        The file is damaged, is not a file of weights, describes a network that this lungrt does
        not know, or its tensors do not fit that network; the message lists every missing,
        unexpected and misshapen tensor.
    UnsupportedVersion
        The file has another format version, written by another version of lungrt.
    Io
        The file cannot be read.
    """
    path = Path(path)
    state, described = _read(path)
    architecture, options = _read_description(path, described)
    family = _FAMILIES[architecture]
    try:
        with torch.device("meta"):
            # The caller may have set another default type for new parameters.
            module = family.module(options).float()
    # What torch raises for sizes that no tensor can have.
    except (RuntimeError, OverflowError, TypeError) as error:
        raise BadBundle(
            f"{path}: cannot build a {architecture} with the options in this file ({error}); "
            "export the bundle again"
        ) from error
    failure = f"{path}: the weights do not fit the {architecture} that the file describes"
    try:
        matched = matched_state(module, state, failure=failure)
    except CheckpointMismatch as error:
        raise BadBundle(str(error)) from error
    module.to_empty(device="cpu").load_state_dict(matched)
    return module.eval().requires_grad_(False)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return a file's tensors, all float32, and its metadata."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Io(f"{path}: cannot read the weights ({error})") from error
    try:
        state: dict[str, Tensor] = safetensors.torch.load(data)
    # KeyError: a type that the package knows and torch does not.
    except (safetensors.SafetensorError, KeyError) as error:
        raise BadBundle(
            f"{path}: not a safetensors file, or a damaged one ({error}); export or copy the "
            "bundle again"
        ) from error
    if others := [f"{n} is {t.dtype}" for n, t in state.items() if t.dtype != torch.float32]:
        raise BadBundle(
            f"{path}: {', '.join(others)}, expected torch.float32; export the bundle again"
        )
    # The package has validated the header, but returns its metadata for paths alone.
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return state, header.get("__metadata__") or {}  # which may be null


def _read_description(path: Path, described: Mapping[str, str]) -> tuple[str, Any]:
    """Return the architecture and its options."""

    def fail(problem: str) -> NoReturn:
        raise BadBundle(f"{path}: {problem}; export the bundle again")

    def value(key: str) -> str:
        if key not in described:
            fail(f"field {key!r} is missing in the metadata")
        return described[key]

    if value("format") != _FORMAT:
        fail(f"format of the metadata is {described['format']!r}, expected {_FORMAT!r}")
    if value("format_version") != _VERSION:  # first, since another version may have other fields
        raise UnsupportedVersion(
            f"{path}: format_version of the weights is {described['format_version']}, but this "
            f"lungrt reads only {_VERSION}; export the checkpoint again, or use the lungrt that "
            "wrote the file"
        )
    known = {"format", "format_version", "lungrt.architecture", "lungrt.options"}
    if unknown := sorted(set(described) - known):
        fail(f"unknown field {unknown[0]!r} in the metadata")
    architecture = value("lungrt.architecture")
    if architecture not in _FAMILIES:
        fail(f"lungrt.architecture is {architecture!r}, expected one of {', '.join(_FAMILIES)}")
    try:
        given = _parse_options(value("lungrt.options"))
        options = _FAMILIES[architecture].options(**given)
    # ValueError, RecursionError: no JSON. TypeError: an option that does not exist.
    except (ValueError, RecursionError, TypeError) as error:
        fail(f"lungrt.options are not valid for a {architecture} ({error})")
    if empty := [name for name, value in given.items() if value is None]:
        fail(f"lungrt.options must not be null, but {', '.join(empty)} is")
    if missing := sorted(set(asdict(options)) - set(given) - {_OPTIONAL}):
        fail(
            f"lungrt.options must have every option of a {architecture}, but "
            f"{', '.join(missing)} is missing"
        )
    return architecture, options


def _parse_options(text: str) -> dict[str, Any]:
    """Parse a JSON object; raise ValueError for other text, for NaN and for a key that repeats."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError(f"an option appears twice in {text}")
        return found

    def no_number(name: str) -> NoReturn:
        raise ValueError(f"{name} is not allowed in JSON")

    given = json.loads(text, object_pairs_hook=unique, parse_constant=no_number)
    if not isinstance(given, dict):
        raise ValueError(f"expected a JSON object, found {text}")
    return given
