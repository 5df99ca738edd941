"""Fixtures that every suite shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Idle OpenMP threads that spin take the cores from whatever runs beside the tests. Read when torch
# is first loaded, so set before.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Tests that import Python's ONNX Runtime send nothing to its maker.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

REFERENCE = Path(
    os.environ.get("LUNGRT_REFERENCE", Path(__file__).parents[2] / "shared" / "reference")
)


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of the reference CTs, checkpoints and golden results; skips where it is absent."""
    if not (REFERENCE / "checkpoints").is_dir():
        pytest.skip(f"needs the reference data, absent at {REFERENCE} (set LUNGRT_REFERENCE)")
    return REFERENCE


@pytest.fixture(scope="session")
def segmentation_checkpoint(reference: Path) -> Path:
    """The book's trained U-Net."""
    return next((reference / "checkpoints").glob("seg_*.state"))


@pytest.fixture(scope="session")
def nodule_checkpoint(reference: Path) -> Path:
    """The book's trained nodule classifier."""
    return next((reference / "checkpoints").glob("cls_*.state"))
