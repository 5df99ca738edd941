"""Trained networks to a bundle, and a bundle held against the networks it was made from.

`export_bundle` writes artifacts of loaded networks (`lungrt.models`): TorchScript, ONNX and, of the
built-in families, weights alone. It leaves no bundle that differs from them; `verify_bundle`
repeats the comparison anywhere, from the goldens in the bundle alone. `compile_bundle` makes native
code of this machine of a bundle's networks. What a bundle is, DESIGN.md says.

Each loads on first use: verifying needs no torch where ONNX Runtime is installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lungrt.export.compile import CompileResult, compile_bundle
    from lungrt.export.exporter import ExportResult, export_bundle
    from lungrt.export.runners import Artifact, Runner, python_runners
    from lungrt.export.verify import verify_bundle

__all__ = [
    "Artifact",
    "CompileResult",
    "ExportResult",
    "Runner",
    "compile_bundle",
    "export_bundle",
    "python_runners",
    "verify_bundle",
]

_HOMES = {
    "Artifact": "runners",
    "CompileResult": "compile",
    "ExportResult": "exporter",
    "Runner": "runners",
    "compile_bundle": "compile",
    "export_bundle": "exporter",
    "python_runners": "runners",
    "verify_bundle": "verify",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
