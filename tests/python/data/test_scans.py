"""CTs of a folder, by the names that the annotations use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation_examples import write_ct, write_luna

import lungrt
from lungrt.data.scans import find_scans
from lungrt.errors import InvalidArgument, Io

WriteSeries = Callable[..., list[Path]]


@pytest.fixture
def luna(tmp_path: Path, small_ct: lungrt.CtVolume) -> Path:
    """Write three scans in two subsets."""
    return write_luna(tmp_path / "luna", small_ct)


def test_image_files_are_series_of_their_names(luna: Path, small_ct: lungrt.CtVolume) -> None:
    scans = find_scans(luna)
    assert [scan.series_uid for scan in scans] == ["1.1", "1.2", "1.3"]
    volume = scans[1].read()
    assert volume.series_uid == "1.2"
    assert np.array_equal(volume.hu, small_ct.hu)
    assert volume.geometry == small_ct.geometry


def test_masks_beside_the_scans_are_none(luna: Path, small_ct: lungrt.CtVolume) -> None:
    write_ct(luna / "seg-lungs-LUNA16" / "1.1.mhd", small_ct)
    (luna / "subset0" / "._1.1.mhd").write_bytes(b"of macOS")
    assert len(find_scans(luna)) == 3


def test_compressed_nifti_loses_its_whole_suffix(tmp_path: Path, small_ct: lungrt.CtVolume) -> None:
    write_ct(tmp_path / "a.b.nii.gz", small_ct)
    assert [scan.series_uid for scan in find_scans(tmp_path)] == ["a.b"]


def test_dicom_folders(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "P1", uid="1.2.3")
    (scan,) = find_scans(tmp_path)
    assert (scan.series_uid, scan.dicom_series) == ("1.2.3", "1.2.3")
    assert scan.read().series_uid == "1.2.3"
    (scan,) = find_scans(tmp_path, {"P1"})  # as the annotations have it
    assert scan.series_uid == "P1"
    assert scan.read().series_uid == "P1"
    write_series(tmp_path / "P1", uid="1.2.4", prefix="other")
    assert [scan.series_uid for scan in find_scans(tmp_path, {"P1"})] == ["1.2.3", "1.2.4"]


@pytest.mark.parametrize("suffix", ["", ".dicom", ".IMA", ".txt"])
def test_dicom_files_of_any_name(tmp_path: Path, write_series: WriteSeries, suffix: str) -> None:
    for path in write_series(tmp_path / "P1", uid="1.2.3"):
        path.rename(path.with_suffix(suffix))
    (scan,) = find_scans(tmp_path)
    assert scan.series_uid == "1.2.3"
    assert scan.read().shape == (6, 8, 10)


def test_slices_in_two_folders_are_one_scan(tmp_path: Path, write_series: WriteSeries) -> None:
    paths = write_series(tmp_path / "P1" / "ST0" / "SE0", uid="1.2.3")
    (tmp_path / "P1" / "ST0" / "SE1").mkdir()
    for path in paths[::2]:
        path.rename(tmp_path / "P1" / "ST0" / "SE1" / path.name)
    write_series(tmp_path / "P2", uid="1.2.4")
    (tmp_path / "P2" / "circle").symlink_to(tmp_path)
    first, second = find_scans(tmp_path)
    assert (first.series_uid, first.path) == ("1.2.3", tmp_path / "P1" / "ST0")
    assert np.array_equal(first.read().hu, second.read().hu)


def test_parts_of_a_series_that_the_annotations_name(
    tmp_path: Path, write_series: WriteSeries
) -> None:
    def lung(index: int, data: Any) -> None:
        data.ConvolutionKernel, data.RescaleIntercept = "LUNG", -924

    write_series(tmp_path / "P1", uid="1.2.3")
    write_series(tmp_path / "P1", uid="1.2.3", prefix="lung", edit=lung)
    (scan,) = find_scans(tmp_path)
    with pytest.raises(InvalidArgument, match="2 parts that must not be mixed"):
        scan.read()
    one, two = find_scans(tmp_path, {"1.2.3:1", "1.2.3:2"})
    assert two.read().series_uid == "1.2.3:2"
    assert np.array_equal(two.read().hu, one.read().hu + 100)


def test_views_before_the_scan_are_no_scans(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "P1", uid="1.2.3")
    write_series(tmp_path / "P1", (0.0, 1.0), uid="1.2.9", prefix="scout")
    assert [scan.series_uid for scan in find_scans(tmp_path)] == ["1.2.3"]


def test_what_is_no_ct_is_no_scan(tmp_path: Path, write_series: WriteSeries) -> None:
    def as_segmentation(index: int, data: Any) -> None:
        data.Modality = "SEG"

    write_series(tmp_path / "seg", edit=as_segmentation)
    assert find_scans(tmp_path) == []
    with pytest.raises(Io, match="folder not found"):
        find_scans(tmp_path / "nothing")


def test_a_damaged_dicom_folder_is_told_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "P1").mkdir()
    (tmp_path / "P1" / "a.dcm").write_bytes(b"no image")
    (scan,) = find_scans(tmp_path)
    assert scan.series_uid == "P1"
    with pytest.raises(lungrt.errors.Error, match="P1"):
        scan.read()


def test_a_series_that_is_there_twice(luna: Path, small_ct: lungrt.CtVolume) -> None:
    write_ct(luna / "subset5" / "1.1.mhd", small_ct)
    with pytest.raises(InvalidArgument, match=r"1\.1 was found twice: .*subset0.*subset5"):
        find_scans(luna)
