"""Description of the machine of a benchmark."""

from __future__ import annotations

import json

import pytest

import lungrt
from lungrt.benchmark.environment import collect_environment, processors


def test_the_machine_is_described_without_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("LD_PRELOAD", "/somewhere/secret/libjemalloc.so")
    found = collect_environment([])
    monkeypatch.delenv("LD_PRELOAD")
    assert found["cpu"]
    assert found["cpu_family"].isdecimal()
    assert found["cpu_model"].isdecimal()
    assert found["processors"] == len(found["affinity"]) == processors()
    assert found["packages"]["numpy"]
    assert found["packages"]["lungrt"] == lungrt.__version__
    assert found["memory_bytes"] > 10**8
    assert found["settings"]["OMP_NUM_THREADS"] == "3"
    assert found["settings"]["LD_PRELOAD"] == "libjemalloc.so"
    assert "secret" not in json.dumps(found)


def test_engines_and_devices() -> None:
    found = collect_environment(lungrt.engines())
    available = {engine.name for engine in lungrt.engines() if engine.available}
    assert set(found["engines"]) == available
    assert ("cpu" in found["devices"]) == bool(available)
