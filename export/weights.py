"""The artifact that holds weights alone: for engines that build the two families themselves.

A safetensors file of float32 tensors under the names of `lungrt.models`, without the
``num_batches_tracked`` that inference does not use. Its metadata say what to build: ``format`` and
``format_version``, ``lungrt.architecture``, and ``lungrt.options``, a JSON object with every option
of the family.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from lungrt.errors import BadBundle, CheckpointMismatch, InvalidArgument, Io, UnsupportedVersion
from lungrt.export.json_field import JsonField, parse_json
from lungrt.models import LoadedNetwork
from lungrt.models.classifier import Classifier3d, ClassifierOptions
from lungrt.models.matching import matched_state
from lungrt.models.unet import SegmentationUNet, UNetOptions

_FORMAT, _VERSION = "lungrt-weights", "1"
_UNUSED = "num_batches_tracked"


@dataclass(frozen=True)
class _Family:
    options: Callable[..., Any]
    module: Callable[[Any], nn.Module]


_FAMILIES = {
    "unet": _Family(UNetOptions, SegmentationUNet),
    "classifier3d": _Family(ClassifierOptions, Classifier3d),
}


def made_with() -> str:
    """Return what goes into the manifest's ``made_with``."""
    return f"lungrt {metadata.version('lungrt')}"


def why_not(network: LoadedNetwork) -> str:
    """Return why a network cannot be written as weights alone; empty if it can."""
    if network.architecture not in _FAMILIES:
        return (
            f"weights alone can be built into {' and '.join(_FAMILIES)} only, and this network is "
            f"a {network.architecture}"
        )
    state = network.module.state_dict()
    others = {
        str(tensor.dtype).removeprefix("torch.")
        for tensor in state.values()
        if tensor.is_floating_point() and tensor.dtype != torch.float32
    }
    if others:
        return f"it holds float32 alone, and this network computes in {', '.join(sorted(others))}"
    return ""


def to_weights(network: LoadedNetwork) -> bytes:
    """Write a network's weights, and what they are the weights of; the same bytes every time.

    Raises
    ------
    InvalidArgument
        The network cannot be written so; see `why_not`.
    """
    if problem := why_not(network):
        raise InvalidArgument(f"safetensors: {problem}")
    described = {
        "format": _FORMAT,
        "format_version": _VERSION,
        "lungrt.architecture": network.architecture,
        "lungrt.options": json.dumps(network.options, sort_keys=True, allow_nan=False),
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
    """Return a file; the package safetensors shuffles metadata, so that no two are equal."""
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
    text += b" " * (-len(text) % 8)  # values lie aligned, as the format asks of its writers
    return b"".join([len(text).to_bytes(8, "little"), text, *values])


def open_weights(path: Path | str) -> nn.Module:
    """Build a network from its weights, with nothing but the file.

    Returns
    -------
    torch.nn.Module
        On the CPU, float32, in evaluation mode, without gradients; as `LoadedNetwork.module`.

    Raises
    ------
    BadBundle
        The file is damaged, is none of these, describes a network that this lungrt does not know,
        or lacks tensors of it: all that are missing, unexpected or misshapen are listed.
    UnsupportedVersion
        Another version of lungrt wrote it in a format of its own.
    Io
        The file cannot be read.
    """
    path = Path(path)
    state, described = _read(path)
    architecture, options = _read_description(path, described)
    family = _FAMILIES[architecture]
    try:
        with torch.device("meta"):
            # Whatever type torch makes of new parameters at the moment.
            module = family.module(options).float()
    # Sizes that no tensor can have are refused by torch, in one of these ways.
    except (RuntimeError, OverflowError, TypeError) as error:
        raise BadBundle(
            f"{path}: no {architecture} can be built with its options ({error}); export again"
        ) from error
    failure = f"{path}: holds other weights than those of the {architecture} it describes"
    try:
        matched = matched_state(module, state, failure=failure)
    except CheckpointMismatch as error:
        raise BadBundle(str(error)) from error
    module.to_empty(device="cpu").load_state_dict(matched)
    return module.eval().requires_grad_(False)


def _read(path: Path) -> tuple[dict[str, Tensor], JsonField]:
    """Return a file's tensors, all float32, and its metadata."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Io(f"{path}: cannot be read ({error})") from error
    try:
        state: dict[str, Tensor] = safetensors.torch.load(data)
    # The package knows types that torch does not, and says so with the name alone.
    except (safetensors.SafetensorError, KeyError) as error:
        raise BadBundle(
            f"{path}: is no safetensors file, or a damaged one ({error}); export or copy the "
            "bundle again"
        ) from error
    header = parse_json(data[8 : 8 + int.from_bytes(data[:8], "little")].decode(), str(path))
    for name, entry in header.members().items():
        if name != "__metadata__":
            entry.at("dtype").equal("F32")
    return state, header.at("__metadata__")


def _read_description(path: Path, described: JsonField) -> tuple[str, Any]:
    """Return the architecture and its options."""
    described.at("format").equal(_FORMAT)
    version = described.at("format_version").text()
    if version != _VERSION:  # first: another version may describe networks in other words
        raise UnsupportedVersion(
            f"{path}: format_version of the weights is {version}, this lungrt reads {_VERSION}; "
            "export the checkpoint again, or use the lungrt that wrote it"
        )
    described.only(["format", "format_version", "lungrt.architecture", "lungrt.options"])
    architecture = described.at("lungrt.architecture").text()
    if architecture not in _FAMILIES:
        described.at("lungrt.architecture").fail(f"one of {', '.join(_FAMILIES)}")
    text = described.at("lungrt.options").text()
    given = parse_json(text, f"{path}: lungrt.options").mapping()
    try:
        options = _FAMILIES[architecture].options(**given)
    # TypeError: an option that there is not.
    except (InvalidArgument, TypeError) as error:
        raise BadBundle(
            f"{path}: lungrt.options are none of the {architecture} ({error}); export again"
        ) from error
    if missing := sorted(set(asdict(options)) - set(given)):
        raise BadBundle(
            f"{path}: lungrt.options lack {', '.join(missing)}; every option of the {architecture} "
            "is expected; export again"
        )
    return architecture, options
