"""Fixtures of the stress tests: a bundle for every engine, and how long to go on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lungrt

# Tests here import their helpers by bare names.
sys.path.insert(0, str(Path(__file__).parent))

ENGINES = ("native", "torchscript", "onnxruntime")


@pytest.fixture(scope="session")
def stress_bundle(tiny_networks: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export `tiny_networks` for every engine."""
    from lungrt.export import export_bundle

    bundle = tmp_path_factory.mktemp("stress") / "bundle"
    export_bundle(tiny_networks, bundle, formats=("safetensors", "torchscript", "onnx"))
    return bundle


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine that was built; another is skipped with the reason."""
    (found,) = (engine for engine in lungrt.engines() if engine.name == request.param)
    if not found.library:
        pytest.skip(found.reason)
    assert found.available, found.reason
    return found.name


@pytest.fixture(scope="session")
def stress_runs() -> int:
    """Runs that memory is watched over: few here, 1,000 where LUNGRT_STRESS_RUNS says so."""
    return int(os.environ.get("LUNGRT_STRESS_RUNS", "100"))


@pytest.fixture(scope="session")
def ct_files(tmp_path_factory: pytest.TempPathFactory, small_ct: lungrt.CtVolume) -> Path:
    """`small_ct` as a file, for processes of their own."""
    path = tmp_path_factory.mktemp("stress-ct") / "hu.npy"
    np.save(path, small_ct.hu)
    return path
