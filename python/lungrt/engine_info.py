"""Which inference engines there are, and where their libraries lie."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from lungrt import _core

__all__ = ["engines", "locate_libraries"]


def locate_libraries() -> None:
    """Tell the core where this environment's packages keep the engines' libraries.

    A package is found without importing it: the core loads its library, never its Python.
    """
    torch = importlib.util.find_spec("torch")
    if torch is not None and torch.origin is not None:
        _core.set_torch_library_folder(str(Path(torch.origin).parent / "lib"))


def engines() -> list[_core.EngineInfo]:
    """Every engine this build knows, present or not; `reason` says why one is not available."""
    locate_libraries()
    return _core.engines()
