"""Artifact formats that the exporter can write, in the order of the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import util

import numpy as np
from numpy.typing import NDArray

from lungrt.errors import EngineUnavailable, InvalidArgument
from lungrt.export.manifest import StageEntry
from lungrt.export.network import SingleOutput
from lungrt.models import LoadedNetwork

_Array = NDArray[np.float32]


def _takes_any(network: LoadedNetwork) -> str:
    return ""


@dataclass(frozen=True)
class Format:
    """File format in which a network can be stored.

    Attributes
    ----------
    name : str
        Key in the manifest's ``artifacts``.
    file_name : str
    needs : tuple of str
        Packages that are needed to write and check the format.
    runtime : str
        Which of `lungrt.export.runners.python_runners` reads the format.
    write : callable
        Takes a network, an example input of several items and the stage's contract. Returns the
        artifact's bytes and the manifest's ``made_with``. Raises Inference if the network cannot
        be written in this format.
    why_not : callable
        Takes a network and returns the reason why this format cannot store it, as far as that is
        known before writing; empty if it can. Formats that store any network do not set it.
    """

    name: str
    file_name: str
    needs: tuple[str, ...]
    runtime: str
    write: Callable[[LoadedNetwork, _Array, StageEntry], tuple[bytes, str]]
    why_not: Callable[[LoadedNetwork], str] = _takes_any


def _write_torchscript(
    network: LoadedNetwork, example: _Array, stage: StageEntry
) -> tuple[bytes, str]:
    from lungrt.export import torchscript

    module = SingleOutput(network.module)
    return torchscript.to_torchscript(module, example), torchscript.made_with()


def _write_onnx(network: LoadedNetwork, example: _Array, stage: StageEntry) -> tuple[bytes, str]:
    from lungrt.export import onnx

    module = SingleOutput(network.module)
    return onnx.to_onnx(module, example, stage.input, stage.output), onnx.made_with()


def _write_weights(network: LoadedNetwork, example: _Array, stage: StageEntry) -> tuple[bytes, str]:
    from lungrt.export import weights

    return weights.to_weights(network), weights.made_with()


def _why_no_weights(network: LoadedNetwork) -> str:
    from lungrt.export import weights

    return weights.why_not(network)


_FORMATS = {
    format_.name: format_
    for format_ in (
        Format("torchscript", "model.ts", ("torch",), "torch", _write_torchscript),
        Format(
            "onnx",
            "model.onnx",
            ("onnx", "onnxscript", "onnxruntime"),
            "onnxruntime",
            _write_onnx,
        ),
        Format(
            "safetensors",
            "weights.safetensors",
            ("torch", "safetensors"),
            "weights",
            _write_weights,
            _why_no_weights,
        ),
    )
}


@dataclass(frozen=True)
class Choice:
    """Formats to write for each network.

    Attributes
    ----------
    formats : dict of str to list of list of Format
        Formats by stage and by number of the network in the stage.
    left_out : list of str
        Messages about the default formats that cannot store a network.
    """

    formats: dict[str, list[list[Format]]]
    left_out: list[str] = field(default_factory=list)


def choose_formats(
    stages: Mapping[str, Sequence[LoadedNetwork]], names: Sequence[str] | None
) -> Choice:
    """Choose the formats to write for each network.

    Parameters
    ----------
    stages : mapping of str to sequence of LoadedNetwork
    names : sequence of str or None
        Formats to write for every network. If None, each network gets all formats that can store
        it.

    Returns
    -------
    Choice

    Raises
    ------
    InvalidArgument
        A format does not exist, the list is empty, or a named format cannot store a network.
    EngineUnavailable
        A package that is needed to write or check a format is not installed.
    """
    wanted = _find_formats(list(_FORMATS) if names is None else names)
    reasons = [
        f"{network.checkpoint.path} as {stage}: cannot be written as {format_.name}: {reason}"
        for stage, networks in stages.items()
        for network in networks
        for format_ in wanted
        if (reason := format_.why_not(network))
    ]
    if reasons and names is not None:
        raise InvalidArgument("; ".join(reasons) + "; leave this format out")
    formats = {
        stage: [[one for one in wanted if not one.why_not(network)] for network in networks]
        for stage, networks in stages.items()
    }
    return Choice(formats, reasons)


def _find_formats(names: Sequence[str]) -> list[Format]:
    """Return the named formats without repetitions.

    Raises
    ------
    InvalidArgument
        A format does not exist, or the list is empty.
    EngineUnavailable
        A package that is needed to write or check a format is not installed.
    """
    unknown = [name for name in names if name not in _FORMATS]
    if unknown or not names:
        raise InvalidArgument(f"formats {list(names)}: expected one or more of {list(_FORMATS)}")
    formats = [_FORMATS[name] for name in dict.fromkeys(names)]
    for format_ in formats:
        if missing := [package for package in format_.needs if util.find_spec(package) is None]:
            raise EngineUnavailable(
                f"the format {format_.name} needs {', '.join(missing)}, which is not installed; "
                f"run pip install {' '.join(missing)}, or leave this format out"
            )
    return formats
