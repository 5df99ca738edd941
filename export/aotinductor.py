"""AOTInductor packages: a network compiled to native code for one machine and one input shape."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lungrt.errors import EngineUnavailable, Inference
from lungrt.export.network import channels_last
from lungrt.export.parity import Run

# The number of threads is chosen at run time, and one compile thread keeps torch from starting
# helper processes that would outlive the command.
_SETTINGS = {"cpp.dynamic_threads": True, "compile_threads": 1}


def made_with() -> str:
    """Return the name of the runtime that compiles and runs, as the C++ engine writes it."""
    return f"torch {torch.__version__.partition('+')[0]}"


def capability() -> str:
    """Return the instruction set that torch uses on this machine, as the C++ engine writes it."""
    return str(torch.backends.cpu.get_cpu_capability())


def require_compiler() -> None:
    """Raise EngineUnavailable if no C++ compiler is installed."""
    named = os.environ.get("CXX", "g++")
    words = shlex.split(named)
    if not words or shutil.which(words[0]) is None:
        raise EngineUnavailable(
            f"compiling needs a C++ compiler, but '{named}' is not on the PATH; install g++, or "
            "set the environment variable CXX to another compiler"
        )


@contextmanager
def scratch_folder() -> Iterator[None]:
    """Keep the compiler's intermediate files in a folder that is removed after the block."""
    from torch._inductor.utils import fresh_cache

    failure: Exception | None = None
    with (
        tempfile.TemporaryDirectory(prefix="lungrt-compile-") as folder,
        fresh_cache(dir=folder, delete=False),
    ):
        try:
            yield
        except Exception as error:  # raised below: fresh_cache would keep the folder and log it
            failure = error
    if failure is not None:
        raise failure


def to_package(module: nn.Module, example: NDArray[np.float32], path: Path) -> None:
    """Compile a network for the shape of an example.

    Parameters
    ----------
    module : torch.nn.Module
        Network in evaluation mode that takes one tensor and returns one.
    example : numpy.ndarray
        Input [N, channels, rows, columns] or [N, 1, slices, rows, columns]. The compiled code
        expects the former in channels-last memory; the latter has one channel, so that its memory
        is the same in both layouts.
    path : pathlib.Path
        File ``.pt2`` to write. Call this inside `scratch_folder`.

    Raises
    ------
    Inference
        The network cannot be exported, or its code cannot be compiled.
    """
    from torch._inductor import aoti_compile_and_package

    with _quiet(), torch.no_grad():
        try:
            program = torch.export.export(channels_last(module), (_as_compiled(example),))
            aoti_compile_and_package(
                program, package_path=str(path), inductor_configs=dict(_SETTINGS)
            )
        # The network's code, torch's compiler and the C++ compiler may raise any exception.
        except Exception as error:
            raise Inference(
                f"AOTInductor cannot compile the network ({type(error).__name__}: {error})"
            ) from error


def open_package(path: Path, batch: int) -> Run:
    """Load a package into Python's torch.

    Returns
    -------
    callable
        Takes any number of items of the compiled shape.

    Raises
    ------
    Inference
        The file is not a package, or another version of torch compiled it.
    """
    from torch._inductor import aoti_load_package

    with _quiet():
        try:
            program: Any = aoti_load_package(str(path))
        except Exception as error:
            raise Inference(f"{path}: AOTInductor cannot load this package ({error})") from error

    def run(x: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs = []
        with torch.inference_mode():
            for first in range(0, len(x), batch):
                items = x[first : first + batch]
                padded = np.concatenate([items, np.repeat(items[-1:], batch - len(items), 0)])
                outputs.append(program(_as_compiled(padded)).numpy()[: len(items)])
        return np.concatenate(outputs)

    return run


def _as_compiled(x: NDArray[np.float32]) -> Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(x))
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide the deprecation warnings that torch's own code causes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        yield
