"""Description of the machine of a benchmark."""

from __future__ import annotations

import json

import pytest

import lungrt
from lungrt.benchmark.environment import collect_environment, idle_warning, processors


def test_the_machine_is_described_without_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("LD_PRELOAD", "/somewhere/secret/libjemalloc.so")
    found = collect_environment([])
    monkeypatch.delenv("LD_PRELOAD")
    assert found["cpu"]
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


@pytest.mark.parametrize(("load", "warned"), [(0.0, False), (0.3, False), (0.31, True)])
def test_a_busy_machine_causes_a_warning(load: float, warned: bool) -> None:
    warning = idle_warning({"load_average": [load, 9.0, 9.0], "processors": 2})
    assert bool(warning) == warned
    assert not warned or "load average 0.31 on 2 processors" in warning
