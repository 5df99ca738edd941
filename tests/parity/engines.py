"""The engines that are held against the eager pipeline, stage by stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import lungrt

# Another engine is another name here; it is skipped where it, or its artifact, is not there.
ENGINES = ("native", "torchscript", "onnxruntime")

# What `lungrt export` writes for them.
FORMATS = ("safetensors", "torchscript", "onnx")


def require(name: str) -> lungrt.EngineInfo:
    """Return an engine of this build; skips, with the reason, where its library was not built.

    One that was built and does not work is a failure, not a skip.
    """
    (engine,) = (engine for engine in lungrt.engines() if engine.name == name)
    if not engine.library:
        pytest.skip(engine.reason)
    assert engine.available, engine.reason
    return engine


def open_pipeline(bundle: Path, engine: str, **options: Any) -> lungrt.Pipeline:
    """Open a bundle on an engine; skips where either is not there."""
    from lungrt.export.manifest import read_manifest

    wanted = require(engine).artifact_format
    stages = read_manifest(bundle).stages
    lacking = {
        name
        for name, stage in stages.items()
        if any(wanted not in network.artifacts for network in stage.networks)
    }
    if lacking:
        pytest.skip(f"the bundle has no {wanted} artifact of {', '.join(sorted(lacking))}")
    return lungrt.Pipeline(bundle, engine=engine, **{"profile": "book", **options})
