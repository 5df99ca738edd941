"""Folders of the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SITE = ROOT / "build" / "docs"


@pytest.fixture(scope="session")
def examples() -> Path:
    """Return the folder of the programs that the guides show."""
    return ROOT / "docs" / "examples"


@pytest.fixture(scope="session")
def site() -> Path:
    """Return the folder of the built site; skip where it is absent."""
    if not (SITE / "index.html").is_file():
        pytest.skip(f"needs the site that `make docs` builds; there is none at {SITE}")
    return SITE
