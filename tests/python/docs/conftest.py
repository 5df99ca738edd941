"""Where the documentation lies."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SITE = ROOT / "build" / "docs"


@pytest.fixture(scope="session")
def examples() -> Path:
    """Folder of the programs that the guides show."""
    return ROOT / "docs" / "examples"


@pytest.fixture(scope="session")
def site() -> Path:
    """Folder of the built site; skips where it is absent."""
    if not (SITE / "index.html").is_file():
        pytest.skip(f"needs what `make docs` builds, absent at {SITE}")
    return SITE
