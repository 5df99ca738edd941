"""DICOM folders: what is read, and what is refused with which message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK
from numpy.typing import NDArray

import lungrt
from lungrt.errors import BadVolume, InvalidArgument

WriteSeries = Callable[..., list[Path]]
Pixels = Callable[..., NDArray[np.uint16]]


def expected_hu(pixels: Pixels, slices: int) -> NDArray[np.int16]:
    return np.stack([pixels(index) for index in range(slices)]).astype(np.int16) - np.int16(1024)


def drop(keyword: str) -> Callable[[int, Any], None]:
    return lambda index, data: delattr(data, keyword)


def put(keyword: str, value: object, only: int | None = None) -> Callable[[int, Any], None]:
    def edit(index: int, data: Any) -> None:
        if only is None or index == only:
            setattr(data, keyword, value)

    return edit


def test_slices_come_in_the_order_of_their_positions(ct_folder: Path, pixels: Pixels) -> None:
    volume = lungrt.read_ct(ct_folder)
    assert volume.shape == (6, 8, 10)
    assert np.array_equal(volume.hu, expected_hu(pixels, 6))
    assert volume.geometry == lungrt.Geometry((-10.0, 20.0, 0.0), (0.7, 0.8, 2.5))
    assert volume.series_uid == "1.2.826.0.1.3680043.8.498.1"
    assert volume.notes == []


def test_other_files_are_ignored(ct_folder: Path) -> None:
    (ct_folder / "readme.txt").write_text("notes")
    (ct_folder / "annotations.xml").write_text("<a/>" * 200)
    (ct_folder / "README").write_bytes(b"")
    (ct_folder / "._slice001.dcm").write_bytes(b"resource fork")
    (ct_folder / "sub").mkdir()
    assert lungrt.read_ct(ct_folder).shape == (6, 8, 10)


def test_dicom_without_an_image_is_ignored(ct_folder: Path) -> None:
    structures = pydicom.dcmread(next(iter(ct_folder.glob("*.dcm"))))
    structures.file_meta.MediaStorageSOPClassUID = pydicom.uid.RTStructureSetStorage
    structures.SOPClassUID = pydicom.uid.RTStructureSetStorage
    structures.Modality = "RTSTRUCT"
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "PixelSpacing"):
        delattr(structures, keyword)
    structures.save_as(ct_folder / "structures.dcm")
    assert lungrt.read_ct(ct_folder).shape == (6, 8, 10)


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(BadVolume, match="none of its 0 files is a DICOM image"):
        lungrt.read_ct(tmp_path)


def test_folder_without_dicom(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "notes.txt").write_text("x")
    with pytest.raises(
        BadVolume, match="none of its 1 files is a DICOM image; the folders in it were searched"
    ):
        lungrt.read_ct(tmp_path)


def test_several_series_are_listed_and_one_can_be_chosen(
    ct_folder: Path, write_series: WriteSeries
) -> None:
    write_series(
        ct_folder,
        (0.0, 1.0, 2.0),
        uid="1.2.3",
        prefix="thin",
        edit=put("SeriesDescription", "thin"),
    )
    with pytest.raises(InvalidArgument, match="contains 2 series") as caught:
        lungrt.read_ct(ct_folder)
    assert "1.2.3  3 slices  CT  thin" in str(caught.value)
    assert "1.2.826.0.1.3680043.8.498.1  6 slices  CT  chest" in str(caught.value)
    assert lungrt.read_ct(ct_folder, series="1.2.3").shape == (3, 8, 10)
    assert [(info.uid, info.slices) for info in lungrt.list_series(ct_folder)] == [
        ("1.2.3", 3),
        ("1.2.826.0.1.3680043.8.498.1", 6),
    ]


def test_series_that_is_not_there(ct_folder: Path) -> None:
    with pytest.raises(
        InvalidArgument, match=r"contains no series 9\.9, only:\n  1\.2\.826.*6 slices"
    ):
        lungrt.read_ct(ct_folder, series="9.9")


def test_missing_slice_names_its_neighbours(tmp_path: Path, write_series: WriteSeries) -> None:
    paths = write_series(tmp_path, (0.0, 2.5, 5.0, 10.0, 12.5))
    with pytest.raises(BadVolume, match=rf"1 slice missing.*{paths[2].name}.*{paths[3].name}"):
        lungrt.read_ct(tmp_path)


def test_single_localizer(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, (0.0,), edit=put("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    with pytest.raises(BadVolume, match="localizer"):
        lungrt.read_ct(tmp_path)


@pytest.mark.parametrize(
    ("keyword", "tag"),
    [
        ("ImagePositionPatient", r"ImagePositionPatient \(0020,0032\)"),
        ("ImageOrientationPatient", r"ImageOrientationPatient \(0020,0037\)"),
        ("PixelSpacing", r"PixelSpacing \(0028,0030\)"),
    ],
)
def test_missing_tag_is_named(
    tmp_path: Path, write_series: WriteSeries, keyword: str, tag: str
) -> None:
    write_series(tmp_path, edit=drop(keyword))
    with pytest.raises(BadVolume, match=rf"slice001\.dcm: {tag} is missing.*modality is CT"):
        lungrt.read_ct(tmp_path)


def test_tag_with_too_few_numbers(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, edit=put("ImagePositionPatient", [1.0, 2.0], only=0))
    with pytest.raises(BadVolume, match=r"slice006\.dcm: ImagePositionPatient.*expected 3 numbers"):
        lungrt.read_ct(tmp_path)


def test_colour_image(tmp_path: Path, write_series: WriteSeries) -> None:
    def edit(index: int, data: Any) -> None:
        data.SamplesPerPixel, data.PlanarConfiguration = 3, 0
        data.PhotometricInterpretation = "RGB"
        data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
        data.PixelData = b"\0" * (8 * 10 * 3)

    write_series(tmp_path, edit=edit)
    with pytest.raises(BadVolume, match="3 samples per pixel"):
        lungrt.read_ct(tmp_path)


def test_description_in_latin_1_can_be_printed(tmp_path: Path, write_series: WriteSeries) -> None:
    def edit(index: int, data: Any) -> None:
        data.SpecificCharacterSet = "ISO_IR 100"
        data.SeriesDescription = "Thorax nüchtern"

    write_series(tmp_path, edit=edit)
    (info,) = lungrt.list_series(tmp_path)
    assert str(info).encode("utf-8")
    assert info.description.startswith("Thorax n")


def test_left_handed_order_and_oblique_directions(
    tmp_path: Path, write_series: WriteSeries
) -> None:
    def edit(index: int, data: Any) -> None:
        data.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]  # sagittal: slices ascend along -x
        data.ImagePositionPatient = [data.ImagePositionPatient[2], 0, 0]

    write_series(tmp_path, edit=edit)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    image = reader.Execute()
    volume = lungrt.read_ct(tmp_path)
    assert np.array_equal(volume.hu, SimpleITK.GetArrayViewFromImage(image))
    assert volume.geometry == lungrt.from_sitk(image).geometry
