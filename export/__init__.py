"""Export trained networks to a bundle, and check a bundle against the original networks.

`export_bundle` writes the artifacts of loaded networks (`lungrt.models`): TorchScript, ONNX and,
for the built-in families, the weights alone. A bundle whose outputs differ from the original
networks by more than the tolerance is not kept. `verify_bundle` repeats the comparison on any
machine from the goldens in the bundle. `compile_bundle` compiles a bundle's networks to native code
for this machine. DESIGN.md specifies the format of a bundle.

Every name is imported on first use, so that verifying a bundle with ONNX Runtime needs no torch.
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
