"""Fixtures of the stress tests: a bundle for every engine, and how long to go on."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lungrt

# Tests here import their helpers by bare names.
sys.path.insert(0, str(Path(__file__).parent))

ENGINES = ("native", "torchscript", "onnxruntime", "aotinductor")


@pytest.fixture(scope="session")
def stress_bundle(tiny_networks: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export `tiny_networks` for every engine."""
    from lungrt.export import export_bundle

    bundle = tmp_path_factory.mktemp("stress") / "bundle"
    export_bundle(tiny_networks, bundle, formats=("safetensors", "torchscript", "onnx"))
    return bundle


@pytest.fixture(scope="session")
def compiled_code(
    stress_bundle: Path, small_ct: lungrt.CtVolume, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Compile `stress_bundle` for slices of `small_ct`, into a cache of these tests' own."""
    from lungrt.export import compile_bundle

    cache = tmp_path_factory.mktemp("stress-cache")
    rows, columns = small_ct.hu.shape[1:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        compile_bundle(stress_bundle, sizes=[(rows, columns)], batch=4)
    return cache


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each engine that was built; another is skipped with the reason."""
    (found,) = (engine for engine in lungrt.engines() if engine.name == request.param)
    if not found.library:
        pytest.skip(found.reason)
    assert found.available, found.reason
    if found.name == "aotinductor":
        if shutil.which(os.environ.get("CXX", "g++")) is None:
            pytest.skip("compiling needs a C++ compiler")
        monkeypatch.setenv("XDG_CACHE_HOME", str(request.getfixturevalue("compiled_code")))
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
