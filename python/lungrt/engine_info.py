"""Inference engines of this build, and where their libraries are found."""

from __future__ import annotations

import functools
import importlib.util
import logging
from pathlib import Path

from lungrt import _core
from lungrt.onnxruntime_packages import describe_conflict, installed_distributions
from lungrt.torch_engines import find_torch_engines

__all__ = ["engines", "locate_libraries", "warn_of_conflicts"]

_ON_TORCH = ("torchscript", "aotinductor")

# Package, the folder of its libraries, and the engines that use them.
_RUNTIMES = (
    ("torch", "lib", _ON_TORCH),
    ("onnxruntime", "capi", ("onnxruntime",)),
)


def locate_libraries() -> None:
    """Pass the folders of the engines' libraries in this Python environment to the core.

    The packages are found without importing them: the core loads their libraries, not their Python.
    """
    for package, folder, engines_of_it in _RUNTIMES:
        found = importlib.util.find_spec(package)
        if found is not None and found.origin is not None:
            for engine in engines_of_it:
                _core.set_engine_runtime_folder(engine, str(Path(found.origin).parent / folder))
    warn_of_conflicts()
    on_torch = find_torch_engines()
    for engine in _ON_TORCH:
        _core.set_engine_library_folder(engine, str(on_torch.folder or ""), on_torch.how_to_get)


@functools.cache  # one warning a process
def warn_of_conflicts() -> None:
    """Log a warning if several distributions of ONNX Runtime are installed together."""
    if conflict := describe_conflict(installed_distributions()):
        logging.getLogger("lungrt").warning(conflict)


def engines() -> list[_core.EngineInfo]:
    """Return every engine of this build; if one is not available, its `reason` says why."""
    locate_libraries()
    return _core.engines()
