"""The artifact formats that can be written, in the order that tables show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import util

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lungrt.errors import EngineUnavailable, InvalidArgument
from lungrt.export.manifest import StageEntry

_Array = NDArray[np.float32]


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
        From a module of one input and output, an example input of several items and the stage's
        contract to the artifact's bytes and the manifest's ``made_with``. Raises Inference where
        the network cannot be written so.
    """

    name: str
    file_name: str
    needs: tuple[str, ...]
    runtime: str
    write: Callable[[nn.Module, _Array, StageEntry], tuple[bytes, str]]


def _write_torchscript(module: nn.Module, example: _Array, stage: StageEntry) -> tuple[bytes, str]:
    from lungrt.export import torchscript

    return torchscript.to_torchscript(module, example), torchscript.made_with()


def _write_onnx(module: nn.Module, example: _Array, stage: StageEntry) -> tuple[bytes, str]:
    from lungrt.export import onnx

    return onnx.to_onnx(module, example, stage.input, stage.output), onnx.made_with()


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
    )
}


def find_formats(names: Sequence[str]) -> list[Format]:
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
