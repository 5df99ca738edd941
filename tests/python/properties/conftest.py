"""What the property-based tests share; see `strategies`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import lungrt

# Tests here import their helpers by bare names.
sys.path.insert(0, str(Path(__file__).parent))

# Drawn anew in each run, but the same for the same code: a failure in CI is one at home. No
# deadline, since nothing here is timed.
settings.register_profile(
    "lungrt", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("lungrt")


@pytest.fixture(scope="session")
def native_bundle(tiny_networks: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export `tiny_networks` for the native engine."""
    from lungrt.export import export_bundle

    bundle = tmp_path_factory.mktemp("properties") / "bundle"
    export_bundle(tiny_networks, bundle, formats=("safetensors",))
    return bundle


@pytest.fixture(scope="session")
def pipeline(native_bundle: Path) -> lungrt.Pipeline:
    """Every kind of geometry, and volumes smaller than a crop."""
    return lungrt.Pipeline(native_bundle, profile="lung", region="volume", threads=1)
