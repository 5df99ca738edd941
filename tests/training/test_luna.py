"""LUNA16 as training data; tests/python/data tests the reader of its tables."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lungrt.errors import BadVolume, InvalidArgument, Io
from lungrt.training.data import DataSet, open_data

from .conftest import BENIGN_INDEX, CROP, MALIGNANT_INDEX, small_chest

Edit = Callable[[Path, str, str], None]


def test_samples_of_all_tables(luna_data: DataSet) -> None:
    assert luna_data.name == "LUNA16"
    assert len(luna_data.series) == 4
    assert len(luna_data.samples) == 4 * 3
    first = luna_data.samples[0]
    assert (first.series_uid, first.malignant, first.ratings) == ("1.2.0", False, (2, 1, 2))
    assert sum(not sample.is_nodule for sample in luna_data.samples) == 4


def test_crop_is_cut_around_the_centre(luna_data: DataSet) -> None:
    malignant = luna_data.samples[1]
    z, y, x = (c - size // 2 for c, size in zip(MALIGNANT_INDEX, CROP, strict=True))
    expected = small_chest(0)[z : z + CROP[0], y : y + CROP[1], x : x + CROP[2]]
    assert np.array_equal(luna_data.load_crop(malignant, CROP), expected)


def test_crop_that_sticks_out_is_moved_inward(luna_data: DataSet) -> None:
    size = (16, 30, 30)
    expected = small_chest(0)[:16, :30, :30]
    assert BENIGN_INDEX[1] < 15
    assert np.array_equal(luna_data.load_crop(luna_data.samples[0], size), expected)


def test_volume_smaller_than_a_crop_is_refused(luna_data: DataSet) -> None:
    with pytest.raises(BadVolume, match=r"1\.2\.0\.mhd: the CT has \[16, 40, 40\] voxels"):
        luna_data.load_crop(luna_data.samples[0], (32, 8, 8))


def test_nodule_that_nobody_rated(luna: Path) -> None:
    with (luna / "annotations.csv").open("a") as file:
        file.write("1.2.0,-85.0,35.0,-295.0,5.0\n")
    nodules = [sample for sample in open_data(luna).samples if sample.is_nodule]
    assert len(nodules) == 9
    assert nodules[-1].malignant is None
    assert nodules[-1].soft_malignancy is None


def test_non_nodules_have_the_patient_of_their_series(luna: Path) -> None:
    lines = (luna / "annotations.csv").read_text().splitlines()
    patients = ["patient", *["P1"] * 4, *["P2"] * 4]
    text = "\n".join(f"{line},{patient}" for line, patient in zip(lines, patients, strict=True))
    (luna / "annotations.csv").write_text(text)
    samples = open_data(luna).samples
    assert [s.patient for s in samples if not s.is_nodule] == ["P1", "P1", "P2", "P2"]


def test_malignancy_by_readers(luna_data: DataSet) -> None:
    assert luna_data.samples[0].soft_malignancy == 0
    assert luna_data.samples[1].soft_malignancy == pytest.approx((1 + 1 + 0.5 + 1) / 4)


def test_series_without_file_is_named_or_left_out(luna: Path) -> None:
    (luna / "subset1/1.2.3.mhd").unlink()
    (luna / "subset1/1.2.3.raw").unlink()
    with pytest.raises(InvalidArgument, match=r"1 of 4 series have no file .*such as 1\.2\.3"):
        open_data(luna)
    data = open_data(luna, allow_missing=True)
    assert len(data.samples) == 9
    assert "1 of 4 series" in data.notes[0]


def test_file_without_series_is_named(luna: Path, edit: Edit) -> None:
    for suffix in (".mhd", ".raw"):
        shutil.copy(luna / f"subset0/1.2.0{suffix}", luna / f"subset1/1.2.9{suffix}")
    edit(luna / "subset1/1.2.9.mhd", "1.2.0.raw", "1.2.9.raw")
    with pytest.raises(InvalidArgument, match=r"1\.2\.9\.mhd: the series of this CT is not in"):
        open_data(luna)


def test_header_without_voxels_is_named(luna: Path) -> None:
    (luna / "subset0/1.2.1.raw").unlink()
    with pytest.raises(Io, match=r"data file 1\.2\.1\.raw not found"):
        open_data(luna)


def test_series_twice_is_named(luna: Path) -> None:
    for suffix in (".mhd", ".raw"):
        shutil.copy(luna / f"subset0/1.2.0{suffix}", luna / f"subset1/1.2.0{suffix}")
    with pytest.raises(InvalidArgument, match=r"series 1\.2\.0 was found twice"):
        open_data(luna)


def test_header_that_is_no_image_is_named(luna: Path) -> None:
    (luna / "subset0/1.2.0.mhd").write_text("nothing\n")
    with pytest.raises(Io, match=r"1\.2\.0\.mhd: cannot read an image header"):
        open_data(luna)


def test_no_ct_at_all_is_named(luna: Path) -> None:
    for subset in luna.glob("subset*"):
        shutil.rmtree(subset)
    with pytest.raises(InvalidArgument, match=r"no file subsetN/<series>\.mhd"):
        open_data(luna)


def test_no_nodule_at_all_is_named(luna: Path) -> None:
    (luna / "annotations.csv").unlink()
    (luna / "annotations_with_malignancy.csv").unlink()
    with pytest.raises(InvalidArgument, match=r"no annotations\.csv or"):
        open_data(luna)
    (luna / "annotations.csv").write_text("seriesuid,coordX,coordY,coordZ,diameter_mm\n")
    with pytest.raises(InvalidArgument, match="the annotations have no nodule to train on"):
        open_data(luna)


def test_annotation_outside_its_ct_is_named(luna: Path) -> None:
    with (luna / "annotations.csv").open("a") as file:
        file.write("1.2.2,-90.0,30.0,400.0,5.0\n")
    with pytest.raises(InvalidArgument, match="1 of 9 positions lie outside of their CT") as caught:
        open_data(luna)
    assert "(-90.0, 30.0, 400.0) of 1.2.2, whose CT reaches from" in str(caught.value)


def test_diameters_in_another_unit_are_named(luna: Path, edit: Edit) -> None:
    for table in ("annotations.csv", "annotations_with_malignancy.csv"):
        edit(luna / table, ",9.6", ",0.96")
        edit(luna / table, ",4.0", ",0.4")
    with pytest.raises(InvalidArgument, match="seem to be in cm"):
        open_data(luna)


def test_patients_are_left_out_with_their_cts(luna_data: DataSet) -> None:
    less = luna_data.without_patients(["1.2.1"])
    assert "1.2.1" not in less.series
    assert len(less.samples) == 9


def test_no_folder_and_unknown_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(Io, match="folder not found"):
        open_data(tmp_path / "none")
    with pytest.raises(InvalidArgument, match="not training data of a supported kind"):
        open_data(tmp_path)


def test_data_file_of_another_name(luna: Path, edit: Edit) -> None:
    """A header names its data file, which need not have the header's name."""
    edit(luna / "subset0/1.2.0.mhd", "ElementDataFile = 1.2.0.raw", "ElementDataFile = voxels.raw")
    with pytest.raises(Io, match=r"1\.2\.0\.mhd: data file voxels\.raw not found"):
        open_data(luna)
    (luna / "subset0/1.2.0.raw").rename(luna / "subset0/voxels.raw")
    data = open_data(luna)
    assert np.array_equal(data.load_crop(data.samples[0], (16, 40, 40)), small_chest(0))


def test_dicom_among_image_files_is_named(luna: Path) -> None:
    (luna / "subset1" / "P1").mkdir()
    (luna / "subset1" / "P1" / "a.dcm").write_bytes(b"no image")
    with pytest.raises(InvalidArgument, match=r"P1: this CT is a folder of DICOM files"):
        open_data(luna)
