"""The pipeline on a GPU against the eager one on the CPU, stage by stage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import compare
import eager_pipeline as eager
import engines
import numpy as np
import pytest

import lungrt

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("name", ["LIDC-IDRI-0001", "C3N-00247"])
def test_every_stage_equals_eager(
    name: str,
    engine: str,
    cuda: str,
    reference_bundle: Path,
    eager_result: Callable[[str], eager.Result],
    reference_scan: Callable[[str], eager.Scan],
) -> None:
    pipeline = engines.open_pipeline(reference_bundle, engine, device=cuda)
    volume, expected = compare.volume_of(reference_scan(name)), eager_result(name)
    mask = np.asarray(pipeline.segment(volume))
    compare.assert_same_decisions(mask, expected.probability, 0.5, f"{name}: mask voxels")
    findings = pipeline.classify(volume, map(tuple, expected.indices))
    compare.assert_same_probabilities(findings, expected.p_nodule, expected.p_malignant, "cuda")


def test_a_device_that_is_not_there(engine: str, cuda: str, reference_bundle: Path) -> None:
    with pytest.raises(lungrt.errors.DeviceUnavailable, match="cuda:99"):
        engines.open_pipeline(reference_bundle, engine, device="cuda:99")


def test_auto_takes_the_gpu(engine: str, cuda: str, reference_bundle: Path) -> None:
    assert engines.open_pipeline(reference_bundle, engine, device="auto").device == cuda
