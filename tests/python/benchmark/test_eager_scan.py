"""The baseline reads the same CT as the library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lungrt
from lungrt.benchmark.eager.scan import read_scan
from lungrt.errors import BadVolume


def test_dicom(ct_folder: Path) -> None:
    scan, volume = read_scan(str(ct_folder), None), lungrt.read_ct(ct_folder)
    np.testing.assert_array_equal(scan.hu, volume.hu)
    for index in ((0, 0, 0), (5, 7, 9), (2, 3, 1)):
        world = scan.to_world(np.array(index, float))
        np.testing.assert_allclose(world, volume.geometry.to_world(index), atol=1e-9)
        assert tuple(scan.to_index(world)) == index


def test_one_of_several_series(ct_folder: Path, write_series) -> None:
    write_series(ct_folder, (0.0, 1.0, 2.0), uid="1.2.3", prefix="other")
    with pytest.raises(BadVolume, match="expected one DICOM series , found 2"):
        read_scan(str(ct_folder), None)
    with pytest.raises(BadVolume, match=r"expected one DICOM series 9\.9, found 0"):
        read_scan(str(ct_folder), "9.9")
    assert len(read_scan(str(ct_folder), "1.2.3").hu) == 3
