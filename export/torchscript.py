"""TorchScript artifacts. No other module calls torch.jit, which PyTorch has deprecated.

`optimize_for_inference` is not used because it made the book's U-Net a quarter slower.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lungrt.errors import Inference
from lungrt.export.network import channels_last
from lungrt.export.parity import Run

_jit: Any = torch.jit  # has no types


def made_with() -> str:
    """Return the value of ``made_with`` in the manifest."""
    return f"torch {torch.__version__.partition('+')[0]}"


def to_torchscript(module: nn.Module, example: NDArray[np.float32]) -> bytes:
    """Trace and freeze a network.

    Parameters
    ----------
    module : torch.nn.Module
        Network in evaluation mode that takes one tensor and returns one.
    example : numpy.ndarray
        Input to trace. Sizes that the network's Python code computes with become constants of the
        artifact, so the caller has to check it with inputs of other sizes.

    Returns
    -------
    bytes
        The TorchScript file.

    Raises
    ------
    Inference
        Tracing failed, or two traces differ.
    """
    file = io.BytesIO()
    with _deprecated(), torch.no_grad():
        try:
            traced = _jit.trace(channels_last(module), torch.from_numpy(example), check_trace=True)
            _jit.save(_jit.freeze(traced), file)
        # Tracing runs the network's code, which may raise any exception.
        except Exception as error:
            raise Inference(
                f"TorchScript cannot trace the network ({type(error).__name__}: {error})"
            ) from error
    return _without_sources(file.getvalue())


def _without_sources(program: bytes) -> bytes:
    """Remove the debug records, which quote source files and their paths."""
    stripped = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(program)) as old, zipfile.ZipFile(stripped, "w") as new:
        for record in old.infolist():
            if not record.filename.endswith(".debug_pkl"):
                new.writestr(zipfile.ZipInfo(record.filename), old.read(record))
    return stripped.getvalue()


def open_torchscript(path: Path) -> Run:
    """Load an artifact into Python's torch.

    Raises
    ------
    Inference
        The file is not a TorchScript program, or a newer version of torch wrote it.
    """
    with _deprecated():
        try:
            program = _jit.load(path, map_location="cpu")
        except Exception as error:
            raise Inference(f"{path}: TorchScript cannot load this file ({error})") from error
    program.eval()

    def run(x: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            output: NDArray[np.float32] = program(torch.from_numpy(x)).numpy()
        return output

    return run


@contextmanager
def _deprecated() -> Iterator[None]:
    """Hide only the warning that torch.jit is deprecated."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.\w+` is deprecated", DeprecationWarning)
        yield
