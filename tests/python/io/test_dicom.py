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
from lungrt.errors import BadVolume, InvalidArgument, Io

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


def test_is_what_simpleitk_reads(ct_folder: Path) -> None:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(ct_folder)))
    image = reader.Execute()
    volume = lungrt.read_ct(ct_folder)
    assert np.array_equal(volume.hu, SimpleITK.GetArrayViewFromImage(image))
    assert volume.geometry == lungrt.from_sitk(image).geometry


@pytest.mark.parametrize("name", ["LIDC-IDRI-0001", "C3N-00247_LUNG_3.0_B70f"])
def test_reference_cts_are_what_simpleitk_reads(reference: Path, name: str) -> None:
    folder = reference / "ct" / name
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    volume = lungrt.read_ct(folder)
    assert np.array_equal(volume.hu, SimpleITK.GetArrayViewFromImage(image))
    assert volume.geometry == lungrt.from_sitk(image).geometry
    assert volume.notes == []


def test_slope_and_intercept_of_each_slice_count(
    tmp_path: Path, write_series: WriteSeries, pixels: Pixels
) -> None:
    def edit(index: int, data: Any) -> None:
        data.RescaleSlope, data.RescaleIntercept = 2, -1000 - index

    write_series(tmp_path, edit=edit)
    hu = lungrt.read_ct(tmp_path).hu
    for index in range(6):
        assert np.array_equal(hu[index], pixels(index).astype(int) * 2 - 1000 - index)


def test_fractional_slope_is_rounded_half_to_even_with_a_note(
    tmp_path: Path, write_series: WriteSeries, pixels: Pixels
) -> None:
    write_series(tmp_path, edit=put("RescaleSlope", "0.5"))
    volume = lungrt.read_ct(tmp_path)
    exact = np.stack([pixels(index) for index in range(6)]) * 0.5 - 1024
    assert np.array_equal(volume.hu, np.rint(exact))
    rounded = int((exact != np.rint(exact)).sum())
    assert len(volume.notes) == 1
    assert str(rounded) in volume.notes[0]


def test_value_beyond_int16_names_the_file(tmp_path: Path, write_series: WriteSeries) -> None:
    paths = write_series(tmp_path, edit=put("RescaleIntercept", 32000, only=3))
    with pytest.raises(BadVolume, match=rf"{paths[3].name}.* beyond int16"):
        lungrt.read_ct(tmp_path)


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


def test_folder_without_dicom_names_its_subfolders(ct_folder: Path) -> None:
    (ct_folder.parent / "notes.txt").write_text("x")
    with pytest.raises(
        BadVolume,
        match=r"none of its 1 files is a DICOM image; its subfolders are not searched: ct$",
    ):
        lungrt.read_ct(ct_folder.parent)


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


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.99])
def test_truncated_file_is_named(ct_folder: Path, keep: float) -> None:
    path = ct_folder / "slice003.dcm"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(Io, match=r"slice003\.dcm: damaged or truncated DICOM file"):
        lungrt.read_ct(ct_folder)


def test_pixels_that_cannot_be_decoded_are_named(ct_folder: Path) -> None:
    path = ct_folder / "slice002.dcm"
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
    data.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51 not a code stream"])
    data["PixelData"].is_undefined_length = True
    data.save_as(path)
    with pytest.raises(Io, match=r"slice002\.dcm: "):
        lungrt.read_ct(ct_folder)


@pytest.mark.parametrize(
    "syntax", [pydicom.uid.ExplicitVRLittleEndian, pydicom.uid.ImplicitVRLittleEndian]
)
@pytest.mark.parametrize("bytes_there", [0, 50, 158])
def test_pixels_that_are_not_all_there_are_counted(
    tmp_path: Path, write_series: WriteSeries, syntax: str, bytes_there: int
) -> None:
    def edit(index: int, data: Any) -> None:
        data.file_meta.TransferSyntaxUID = syntax
        if index == 2:
            data.PixelData = data.PixelData[:bytes_there]

    write_series(tmp_path, edit=edit)
    with pytest.raises(
        Io, match=rf"slice004\.dcm: (contains {bytes_there} bytes of pixels|damaged)"
    ):
        lungrt.read_ct(tmp_path)


@pytest.mark.parametrize(
    "syntax",
    [
        pydicom.uid.ImplicitVRLittleEndian,
        pydicom.uid.RLELossless,
        pydicom.uid.DeflatedExplicitVRLittleEndian,
    ],
)
def test_other_transfer_syntaxes(ct_folder: Path, pixels: Pixels, syntax: str) -> None:
    for path in ct_folder.iterdir():
        data = pydicom.dcmread(path)
        if syntax == pydicom.uid.RLELossless:
            data.compress(syntax)
            data.save_as(path)
            continue
        data.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(path, data, enforce_file_format=True)
    assert np.array_equal(lungrt.read_ct(ct_folder).hu, expected_hu(pixels, 6))


def test_icon_beside_the_pixels(tmp_path: Path, write_series: WriteSeries) -> None:
    def edit(index: int, data: Any) -> None:
        icon = pydicom.Dataset()
        icon.Rows, icon.Columns, icon.BitsAllocated, icon.PixelRepresentation = 2, 2, 8, 0
        icon.PixelData = b"\0" * 4
        data.IconImageSequence = [icon]

    write_series(tmp_path, edit=edit)
    assert lungrt.read_ct(tmp_path).shape == (6, 8, 10)


def test_missing_slice_names_its_neighbours(tmp_path: Path, write_series: WriteSeries) -> None:
    paths = write_series(tmp_path, (0.0, 2.5, 5.0, 10.0, 12.5))
    with pytest.raises(BadVolume, match=rf"1 slice missing.*{paths[2].name}.*{paths[3].name}"):
        lungrt.read_ct(tmp_path)


def test_irregular_spacing_names_slices(tmp_path: Path, write_series: WriteSeries) -> None:
    paths = write_series(tmp_path, (0.0, 2.5, 5.0, 6.0, 8.5, 11.0))
    with pytest.raises(BadVolume, match=rf"1 mm between '{paths[2].name}' and '{paths[3].name}'"):
        lungrt.read_ct(tmp_path)


def test_repeated_position_names_both(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, (0.0, 2.5, 5.0, 5.0, 7.5))
    with pytest.raises(BadVolume, match=r"slice\d+\.dcm' repeats the position of 'slice\d+\.dcm"):
        lungrt.read_ct(tmp_path)


def test_resampling_interpolates_a_missing_slice_and_says_so(
    tmp_path: Path, write_series: WriteSeries, pixels: Pixels
) -> None:
    write_series(tmp_path, (0.0, 2.5, 5.0, 10.0, 12.5))
    volume = lungrt.read_ct(tmp_path, resample=True)
    hu = expected_hu(pixels, 5)
    between = np.rint((hu[2].astype(float) + hu[3]) / 2)
    assert np.array_equal(volume.hu, np.stack([hu[0], hu[1], hu[2], between, hu[3], hu[4]]))
    assert volume.geometry.spacing_mm == (0.7, 0.8, 2.5)
    assert any("resampled" in note for note in volume.notes)


def test_resampling_drops_repeated_slices_and_says_so(
    tmp_path: Path, write_series: WriteSeries
) -> None:
    write_series(tmp_path, (0.0, 2.5, 5.0, 5.0, 7.5))
    volume = lungrt.read_ct(tmp_path, resample=True)
    assert volume.shape == (4, 8, 10)
    assert any("dropped" in note for note in volume.notes)


def test_resampling_a_regular_series_changes_nothing(ct_folder: Path) -> None:
    plain, resampled = lungrt.read_ct(ct_folder), lungrt.read_ct(ct_folder, resample=True)
    assert np.array_equal(plain.hu, resampled.hu)
    assert resampled.notes == []


def test_single_localizer(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, (0.0,), edit=put("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    with pytest.raises(BadVolume, match="localizer"):
        lungrt.read_ct(tmp_path)


def test_single_slice(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, (0.0,))
    with pytest.raises(BadVolume, match=r"only one slice, 'slice001\.dcm'"):
        lungrt.read_ct(tmp_path)


def test_other_modality(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, edit=put("Modality", "MR"))
    with pytest.raises(BadVolume, match="MR"):
        lungrt.read_ct(tmp_path)


def test_slices_of_different_size(tmp_path: Path, write_series: WriteSeries) -> None:
    def edit(index: int, data: Any) -> None:
        if index == 2:
            data.Rows, data.Columns = data.Columns, data.Rows

    paths = write_series(tmp_path, edit=edit)
    with pytest.raises(BadVolume, match=paths[2].name):
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


def test_multi_frame_image(tmp_path: Path, write_series: WriteSeries) -> None:
    def edit(index: int, data: Any) -> None:
        data.NumberOfFrames = 2
        data.PixelData = data.PixelData * 2

    write_series(tmp_path, edit=edit)
    with pytest.raises(BadVolume, match=r"multi-frame image \(2 frames\)"):
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


def test_inverted_greys(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, edit=put("PhotometricInterpretation", "MONOCHROME1", only=2))
    with pytest.raises(
        BadVolume, match=r"slice004\.dcm: its grey levels are inverted.*MONOCHROME2"
    ):
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
