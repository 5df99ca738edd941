"""The choice of a GPU; test_precision.py has what engines compute there."""

from __future__ import annotations

from pathlib import Path

import engines
import pytest

import lungrt

pytestmark = pytest.mark.gpu


def test_a_device_that_is_not_there(engine: str, cuda: str, reference_bundle: Path) -> None:
    with pytest.raises(lungrt.errors.DeviceUnavailable, match="cuda:99"):
        engines.open_pipeline(reference_bundle, engine, device="cuda:99")


def test_auto_takes_the_gpu(engine: str, cuda: str, reference_bundle: Path) -> None:
    assert engines.open_pipeline(reference_bundle, engine, device="auto").device == cuda
