"""The artifact formats that can be written, in the order that tables show them, and for what."""

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
    """A way to write a network down.

    Attributes
    ----------
    name : str
        Key of the manifest's ``artifacts``.
    file_name : str
    needs : tuple of str
        Packages to write it.
    runtime : str
        Which of `lungrt.export.runners.python_runners` reads it back.
    write : callable
        From a network, an example input of several items and the stage's contract to the
        artifact's bytes and the manifest's ``made_with``. Raises Inference where it turns out that
        the network cannot be written so.
    why_not : callable
        From a network to why it is none for this format, as can be told beforehand; empty if it
        is one. Formats that take any network leave it out.
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
    """What is written of each network.

    Attributes
    ----------
    formats : dict of str to list of list of Format
        By stage and number of the network in it.
    left_out : list of str
        Where a network is none for a format that nobody asked for: which, and why.
    """

    formats: dict[str, list[list[Format]]]
    left_out: list[str] = field(default_factory=list)


def choose_formats(
    stages: Mapping[str, Sequence[LoadedNetwork]], names: Sequence[str] | None
) -> Choice:
    """Choose the formats of networks.

    Parameters
    ----------
    stages : mapping of str to sequence of LoadedNetwork
    names : sequence of str or None
        Exactly these, for every network; or of all that there are, those that the network is one
        for.

    Raises
    ------
    InvalidArgument
        There is no such format, none is named, or a network is none for one that is named.
    EngineUnavailable
        A package to write one or to check it is not installed.
    """
    wanted = _find_formats(list(_FORMATS) if names is None else names)
    reasons = [
        f"{network.checkpoint.path} as {stage}: not written as {format_.name}: {reason}"
        for stage, networks in stages.items()
        for network in networks
        for format_ in wanted
        if (reason := format_.why_not(network))
    ]
    if reasons and names is not None:
        raise InvalidArgument("; ".join(reasons) + "; leave the format out")
    formats = {
        stage: [[one for one in wanted if not one.why_not(network)] for network in networks]
        for stage, networks in stages.items()
    }
    return Choice(formats, reasons)


def _find_formats(names: Sequence[str]) -> list[Format]:
    """Return formats by name, each once.

    Raises
    ------
    InvalidArgument
        There is no such format, or none is named.
    EngineUnavailable
        A package to write one or to check it is not installed.
    """
    unknown = [name for name in names if name not in _FORMATS]
    if unknown or not names:
        raise InvalidArgument(f"formats {list(names)}: expected some of {list(_FORMATS)}")
    formats = [_FORMATS[name] for name in dict.fromkeys(names)]
    for format_ in formats:
        if missing := [package for package in format_.needs if util.find_spec(package) is None]:
            raise EngineUnavailable(
                f"the format {format_.name} needs {', '.join(missing)}, not installed here; "
                f"pip install {' '.join(missing)}, or leave the format out"
            )
    return formats
