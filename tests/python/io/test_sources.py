"""What a volume knows of the DICOM slices that it was made of."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import lungrt
from lungrt import _core

WriteSeries = Callable[..., list[Path]]


def test_each_slice_has_its_source(ct_folder: Path) -> None:
    """Names run against the positions, so the order is that of the volume, not of the folder."""
    volume = lungrt.read_ct(ct_folder)
    assert len(volume.sources) == volume.shape[0] == 6
    assert not volume.is_interpolated
    for plane, source in enumerate(volume.sources):
        header = pydicom.dcmread(source.path)
        status = source.path.stat()
        assert source.instance_uid == header.SOPInstanceUID
        assert source.frame == 0
        assert (source.bytes, source.modified_ns) == (status.st_size, status.st_mtime_ns)
        stored = header.pixel_array.astype(np.int16) + int(header.RescaleIntercept)
        np.testing.assert_array_equal(stored, volume.hu[plane])
    assert [source.path.name for source in volume.sources] == [
        f"slice{k:03d}.dcm" for k in range(6, 0, -1)
    ]


def test_a_path_that_is_no_text(tmp_path: Path, write_series: WriteSeries) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    paths = write_series(folder)
    assert [source.path for source in lungrt.read_ct(folder).sources] == paths


def test_only_slices_of_the_part_that_was_read(tmp_path: Path, write_series: WriteSeries) -> None:
    def kernel(name: str) -> Callable[[int, Any], None]:
        return lambda _, data: setattr(data, "ConvolutionKernel", name)

    sharp = write_series(tmp_path, prefix="sharp", edit=kernel("B70f"))
    soft = write_series(tmp_path, prefix="soft", edit=kernel("B30f"))
    (series,) = lungrt.list_series(tmp_path)
    read = [lungrt.read_ct(tmp_path, series=part.name) for part in series.parts]
    found = {frozenset(source.path for source in volume.sources) for volume in read}
    assert found == {frozenset(sharp), frozenset(soft)}


def test_interpolated_slices(tmp_path: Path, write_series: WriteSeries) -> None:
    paths = write_series(tmp_path, positions_mm=(0.0, 2.5, 5.0, 10.0, 12.5))
    volume = lungrt.read_ct(tmp_path, resample=True)
    assert volume.is_interpolated
    assert volume.shape[0] == 6
    assert [source.path for source in volume.sources] == paths


def test_a_repeated_position_interpolates_nothing(
    tmp_path: Path, write_series: WriteSeries
) -> None:
    write_series(tmp_path, positions_mm=(0.0, 2.5, 2.5, 5.0, 7.5))
    volume = lungrt.read_ct(tmp_path, resample=True)
    assert not volume.is_interpolated
    assert len(volume.sources) == volume.shape[0] == 4


def test_other_volumes_have_none(tmp_path: Path, ct_folder: Path) -> None:
    volume = lungrt.read_ct(ct_folder)
    array = lungrt.CtVolume(volume.hu, volume.geometry)
    assert array.sources == []
    assert not array.is_interpolated
    sitk = pytest.importorskip("SimpleITK")
    sitk.WriteImage(sitk.GetImageFromArray(volume.hu), tmp_path / "ct.mha")
    assert lungrt.read_ct(tmp_path / "ct.mha").sources == []


def test_its_text_names_the_file(ct_folder: Path) -> None:
    source = lungrt.read_ct(ct_folder).sources[0]
    assert "slice006.dcm" in repr(source)
    assert source.instance_uid in repr(source)
    assert isinstance(source, _core.SliceSource)
