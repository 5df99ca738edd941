"""Generated CTs: always the same, and large enough for a crop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import lungrt
from lungrt.benchmark.workload import generated_workload, given_workload, synthetic_ct
from lungrt.errors import BadBundle, InvalidArgument
from lungrt.export.manifest import Manifest, read_manifest


@pytest.fixture
def manifest(tiny_bundle: Path) -> Manifest:
    return read_manifest(tiny_bundle)


def test_phantoms_are_repeatable_and_fill_any_shape() -> None:
    hu = synthetic_ct((3, 150, 130))
    assert hu.dtype == np.int16
    np.testing.assert_array_equal(hu, synthetic_ct((3, 150, 130)))
    for tile in (hu[:, :128, :128], hu[:, 128:, :128], hu[:, :, 128:]):
        assert tile.min() < -700  # lung or air
        assert tile.max() > 0  # tissue


def test_generated_files_can_be_read(manifest: Manifest, tmp_path: Path) -> None:
    workload = generated_workload(manifest, tmp_path, slices=9, size=48)
    assert lungrt.read_ct(workload.ct).shape == (9, 48, 48)
    assert lungrt.read_ct(workload.small).shape == (8, 128, 128)
    assert workload.places == 45


def test_a_given_ct_is_classified_where_candidates_are(manifest: Manifest, tmp_path: Path) -> None:
    workload = given_workload(Path("somewhere/CT-1"), "1.2", manifest, tmp_path)
    assert (workload.name, workload.series, workload.places) == ("CT-1", "1.2", 0)


@pytest.mark.parametrize(("slices", "size"), [(7, 48), (8, 7)])
def test_smaller_than_a_crop(manifest: Manifest, tmp_path: Path, slices: int, size: int) -> None:
    with pytest.raises(InvalidArgument, match=r"smaller than the crop .* 8 x 8 x 8; increase"):
        generated_workload(manifest, tmp_path, slices, size)


@pytest.mark.parametrize("stage", ["segmentation", "nodule"])
def test_a_bundle_without_a_stage(manifest: Manifest, tmp_path: Path, stage: str) -> None:
    others = {name: entry for name, entry in manifest.stages.items() if name != stage}
    with pytest.raises(BadBundle, match=f"has no stage {stage}; a benchmark needs the stages"):
        generated_workload(replace(manifest, stages=others), tmp_path, 9, 48)
