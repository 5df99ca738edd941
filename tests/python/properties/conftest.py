"""What the property-based tests share; see `strategies`."""

from __future__ import annotations

import sys
from pathlib import Path

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
def pipeline(native_bundle: Path) -> lungrt.Pipeline:
    """Every kind of geometry, and volumes smaller than a crop."""
    return lungrt.Pipeline(native_bundle, profile="lung", region="volume", threads=1)
