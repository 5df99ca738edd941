"""What the property-based tests share; see `strategies`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import lungrt

# Tests here import their helpers by bare names.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def pipeline(native_bundle: Path) -> lungrt.Pipeline:
    """Every kind of geometry, and volumes smaller than a crop."""
    return lungrt.Pipeline(native_bundle, profile="lung", region="volume", threads=1)
