"""Export lung-nodule networks to a portable bundle, and diagnose chest CTs with it natively.

::

    import lungrt

    pipeline = lungrt.Pipeline("bundle")
    report = pipeline.run("path/to/dicom/folder")
    for nodule in report.nodules:
        print(nodule.center_mm, nodule.diameter_mm, nodule.p_nodule)

Everything here is loaded on first use: `import lungrt` imports neither the compiled module nor
torch, SimpleITK or pandas. `lungrt.models` therefore works without the compiled module, and the
runtime works without the other packages.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from lungrt import errors

if TYPE_CHECKING:
    from lungrt._core import (
        Candidate,
        CtVolume,
        EngineInfo,
        Finding,
        Geometry,
        LungField,
        Nodule,
        NoduleMask,
        ProfileOptions,
        Provenance,
        SliceSource,
        __version__,
        erode,
        label,
    )
    from lungrt.defaults import default_bundle, default_checkpoints
    from lungrt.engine_info import engines
    from lungrt.io import SeriesInfo, SeriesPartInfo, from_sitk, list_series, read_ct, write_masks
    from lungrt.layers import layer_outputs
    from lungrt.lung_field import find_lung_field
    from lungrt.pipeline import Pipeline
    from lungrt.report import Report
    from lungrt.stage_network import StageNetwork

__all__ = [
    "Candidate",
    "CtVolume",
    "EngineInfo",
    "Finding",
    "Geometry",
    "LungField",
    "Nodule",
    "NoduleMask",
    "Pipeline",
    "ProfileOptions",
    "Provenance",
    "Report",
    "SeriesInfo",
    "SeriesPartInfo",
    "SliceSource",
    "StageNetwork",
    "__version__",
    "default_bundle",
    "default_checkpoints",
    "engines",
    "erode",
    "errors",
    "find_lung_field",
    "from_sitk",
    "label",
    "layer_outputs",
    "list_series",
    "read_ct",
    "write_masks",
]

_HOMES = {
    "Pipeline": "lungrt.pipeline",
    "Report": "lungrt.report",
    "SeriesInfo": "lungrt.io",
    "SeriesPartInfo": "lungrt.io",
    "StageNetwork": "lungrt.stage_network",
    "default_bundle": "lungrt.defaults",
    "default_checkpoints": "lungrt.defaults",
    "engines": "lungrt.engine_info",
    "find_lung_field": "lungrt.lung_field",
    "from_sitk": "lungrt.io",
    "layer_outputs": "lungrt.layers",
    "list_series": "lungrt.io",
    "read_ct": "lungrt.io",
    "write_masks": "lungrt.io",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'lungrt' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES.get(name, "lungrt._core")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
