"""What belongs to one volume, by Python's reader and by lungrt::io: voxels, geometry and notes.

Each slice of a generated series holds other random pixels, so a slice too many, too few, or of
another reconstruction cannot go unnoticed.
"""

from __future__ import annotations

import shutil
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

Edit = Callable[[int, Any], None]
Read = Callable[..., lungrt.CtVolume]
UID = "1.2.826.0.1.3680043.8.498.1"
POSITIONS = (0.0, 2.5, 5.0, 7.5, 10.0, 12.5)


def stored(pixels: Any, *slices: int) -> NDArray[np.int64]:
    """Return the Hounsfield units of generated slices."""
    return np.stack([pixels(k) for k in slices]).astype(int) - 1024


def put(**values: object) -> Edit:
    def edit(index: int, data: Any) -> None:
        for keyword, value in values.items():
            setattr(data, keyword, value)

    return edit


def other(**values: object) -> Edit:
    """Edit slices of a second reconstruction: its pixels are 100 HU above those of the first."""

    def edit(index: int, data: Any) -> None:
        put(**values)(index, data)
        data.InstanceNumber = 1000 + index
        data.RescaleIntercept = -924

    return edit


def first(index: int, data: Any) -> None:
    data.ConvolutionKernel, data.AcquisitionNumber = "STANDARD", 1
    data.InstanceNumber = index + 1


LUNG = other(ConvolutionKernel="LUNG", AcquisitionNumber=2)


@pytest.mark.parametrize("moved_mm", [0.0, 1.25])
def test_two_reconstructions_are_never_mixed(
    tmp_path: Path, write_series: Any, pixels: Any, read: Read, moved_mm: float
) -> None:
    ct = tmp_path / "ct"
    write_series(ct, edit=first)
    write_series(ct, [z + moved_mm for z in POSITIONS], prefix="lung", edit=LUNG)
    for resample in (False, True):
        with pytest.raises(InvalidArgument, match="2 parts that must not be mixed") as caught:
            read(ct, resample=resample)
        for line in (
            f"{UID}:1  6 slices, kernel STANDARD, acquisition 1, 0.7 x 0.8 x 2.5 mm, 8 x 10 pixels",
            f"{UID}:2  6 slices, kernel LUNG, acquisition 2, 0.7 x 0.8 x 2.5 mm, 8 x 10 pixels",
        ):
            assert line in str(caught.value)
        one, two = (read(ct, series=f"{UID}:{k}", resample=resample) for k in (1, 2))
        assert np.array_equal(one.hu, stored(pixels, *range(6)))
        assert np.array_equal(two.hu, one.hu + 100)
        assert one.geometry == lungrt.Geometry((-10.0, 20.0, 0.0), (0.7, 0.8, 2.5))
        assert two.geometry == lungrt.Geometry((-10.0, 20.0, moved_mm), (0.7, 0.8, 2.5))
        assert one.series_uid == two.series_uid == UID
        assert "part 1 of 2 of the series was read" in one.notes[0]
        assert "lung001.dcm" in one.notes[0]  # one of those left out
    for name, message in (("3", "has no part 3, only:"), ("0", "expected a UID, or UID:PART")):
        with pytest.raises(InvalidArgument, match=message):
            read(ct, series=f"{UID}:{name}")


def test_the_only_part_that_is_a_volume(
    tmp_path: Path, write_series: Any, pixels: Any, read: Read
) -> None:
    ct = tmp_path / "ct"
    write_series(ct, edit=first)
    # The table rests while images watch the contrast agent arrive.
    write_series(ct, (5.0, 5.0, 5.0), prefix="bolus", edit=other(AcquisitionNumber=7))
    volume = read(ct)
    assert np.array_equal(volume.hu, stored(pixels, *range(6)))
    assert "part 1 of 2 of the series was read" in volume.notes[0]
    assert "'bolus001.dcm', 'bolus002.dcm', 'bolus003.dcm'" in volume.notes[0]
    with pytest.raises(BadVolume, match="all slices lie at the position"):
        read(ct, series=f"{UID}:2")


def test_a_small_part_is_no_alternative(
    tmp_path: Path, write_series: Any, pixels: Any, read: Read
) -> None:
    ct = tmp_path / "ct"
    write_series(ct, [0.5 * k for k in range(40)], edit=first)
    write_series(ct, (1.0, 1.5, 2.0), prefix="test", edit=LUNG)
    assert np.array_equal(read(ct).hu, stored(pixels, *range(40)))


def test_no_part_is_a_volume(tmp_path: Path, write_series: Any, pixels: Any, read: Read) -> None:
    ct = tmp_path / "ct"
    for prefix, edit in (("a", first), ("b", LUNG)):
        write_series(ct, (0.0, 2.5, 7.5, 10.0), prefix=prefix, edit=edit)
    with pytest.raises(BadVolume, match="2 parts, none of which is a regular volume") as caught:
        read(ct)
    assert "1 slice missing between 'a003.dcm' and 'a002.dcm'" in str(caught.value)
    with pytest.raises(InvalidArgument, match="2 parts that must not be mixed"):
        read(ct, resample=True)
    between = np.rint(stored(pixels, 1, 2).mean(axis=0))
    expected = np.stack([*stored(pixels, 0, 1), between, *stored(pixels, 2, 3)])
    assert np.array_equal(read(ct, series=f"{UID}:1", resample=True).hu, expected)


def test_slices_of_two_patients(tmp_path: Path, write_series: Any, read: Read) -> None:
    def edit(index: int, data: Any) -> None:
        data.PatientID = "B" if index == 3 else "A"

    write_series(tmp_path / "ct", edit=edit)
    for resample in (False, True):
        with pytest.raises(BadVolume, match=r"2 patients, expected one: A \(5 slices\), B"):
            read(tmp_path / "ct", resample=resample)


def test_the_same_pixels_of_two_patients(ct_folder: Path, read: Read) -> None:
    for path in ct_folder.glob("*.dcm"):
        data = pydicom.dcmread(path)
        for patient in ("A", "B"):
            data.PatientID = patient
            data.save_as(path.with_name(f"{patient}{path.name}"))
        path.unlink()
    with pytest.raises(BadVolume, match="2 patients"):
        read(ct_folder)


def test_reformats_beside_axial_slices(
    tmp_path: Path, write_series: Any, pixels: Any, read: Read
) -> None:
    def coronal(index: int, data: Any) -> None:
        data.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
        data.ImagePositionPatient = [0, POSITIONS[index], 50]

    write_series(tmp_path / "ct")
    write_series(tmp_path / "ct", prefix="coronal", edit=coronal)
    volume = read(tmp_path / "ct")
    assert np.array_equal(volume.hu, stored(pixels, *range(6)))
    assert "'coronal001.dcm'" in volume.notes[0]
    numbers = [read(tmp_path / "ct", series=f"{UID}:{k}").geometry.direction[2] for k in (1, 2)]
    assert sorted(numbers) == [(0.0, -1.0, 0.0), (0.0, 0.0, 1.0)]


def test_a_frame_of_reference_for_each_slice(
    tmp_path: Path, write_series: Any, pixels: Any, read: Read
) -> None:
    def edit(index: int, data: Any) -> None:
        data.FrameOfReferenceUID = f"1.9.{index}"
        data.AcquisitionNumber = index  # varies as well, and means nothing

    write_series(tmp_path / "ct", edit=edit)
    volume = read(tmp_path / "ct")
    assert np.array_equal(volume.hu, stored(pixels, *range(6)))
    (note,) = volume.notes
    assert note.startswith("each of the 6 slices has a frame of reference of its own")


def test_two_frames_of_reference_are_two_parts(
    tmp_path: Path, write_series: Any, pixels: Any, read: Read
) -> None:
    def edit(index: int, data: Any) -> None:
        data.FrameOfReferenceUID = f"1.9.{index // 3}"

    write_series(tmp_path / "ct", edit=edit)
    with pytest.raises(InvalidArgument, match="2 parts that must not be mixed"):
        read(tmp_path / "ct")
    assert np.array_equal(read(tmp_path / "ct", series=f"{UID}:2").hu, stored(pixels, 3, 4, 5))


def as_localizer(data: Any) -> str:
    data.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    data.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    return "localizer"


def as_dose_report(data: Any) -> str:
    data.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = (
        pydicom.uid.SecondaryCaptureImageStorage
    )
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(data, keyword)
    return "secondary capture"


def as_screenshot(data: Any) -> str:
    """Make an image that claims to be a CT, but has no place in the patient."""
    as_dose_report(data)
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
    return "image without a position"


def as_colour(data: Any) -> str:
    data.SamplesPerPixel, data.PlanarConfiguration = 3, 0
    data.PhotometricInterpretation = "RGB"
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.PixelData = bytes(8 * 10 * 3)
    return "colour image"


def as_segmentation(data: Any) -> str:
    data.Modality = "SEG"
    return "the modality is not CT"


def as_pet(data: Any) -> str:
    data.SOPClassUID = pydicom.uid.PositronEmissionTomographyImageStorage
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    return "no CT image"


@pytest.mark.parametrize(
    "change", [as_localizer, as_dose_report, as_screenshot, as_colour, as_segmentation, as_pet]
)
def test_images_that_are_no_slices(
    ct_folder: Path, pixels: Any, read: Read, change: Callable[[Any], str]
) -> None:
    data = pydicom.dcmread(ct_folder / "slice003.dcm")
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "1.7.7"
    reason = change(data)
    data.save_as(ct_folder / "odd.dcm")
    volume = read(ct_folder)
    assert np.array_equal(volume.hu, stored(pixels, *range(6)))
    assert volume.geometry == lungrt.Geometry((-10.0, 20.0, 0.0), (0.7, 0.8, 2.5))
    assert volume.notes == [f"left out ({reason}): 'odd.dcm'"]


def test_an_image_of_another_size_without_type_and_position(
    ct_folder: Path, pixels: Any, read: Read
) -> None:
    data = pydicom.dcmread(ct_folder / "slice003.dcm")
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "ImageType"):
        delattr(data, keyword)
    data.save_as(ct_folder / "odd.dcm")
    with pytest.raises(BadVolume, match=r"odd\.dcm: ImagePositionPatient .* is missing"):
        read(ct_folder)
    data.Rows, data.PixelData = 4, data.PixelData[:80]
    data.save_as(ct_folder / "odd.dcm")
    volume = read(ct_folder)
    assert np.array_equal(volume.hu, stored(pixels, *range(6)))
    assert volume.notes == ["left out (image without a position): 'odd.dcm'"]


def test_an_axial_slice_without_a_position_is_missed(ct_folder: Path, read: Read) -> None:
    data = pydicom.dcmread(ct_folder / "slice001.dcm")
    del data.ImagePositionPatient
    data.save_as(ct_folder / "slice001.dcm")
    with pytest.raises(BadVolume, match=r"slice001\.dcm: ImagePositionPatient .* is missing"):
        read(ct_folder)


def test_identical_copies_count_once(ct_folder: Path, pixels: Any, read: Read) -> None:
    shutil.copy(ct_folder / "slice003.dcm", ct_folder / "slice003 (1).dcm")
    data = pydicom.dcmread(ct_folder / "slice004.dcm")
    data.StationName = "ARCHIVE"  # an archive wrote its own tags, and the same image
    data.save_as(ct_folder / "sent again.dcm")
    volume = read(ct_folder)
    assert np.array_equal(volume.hu, stored(pixels, *range(6)))
    assert volume.notes == [
        "left out (identical copy of another file): 'slice003.dcm', 'slice004.dcm'"
    ]


def test_copies_with_other_pixels_are_none(ct_folder: Path, read: Read) -> None:
    data = pydicom.dcmread(ct_folder / "slice003.dcm")
    data.PixelData = data.PixelData[::-1]
    data.save_as(ct_folder / "other.dcm")
    with pytest.raises(BadVolume, match=r"'slice003\.dcm' repeats the position of 'other\.dcm'"):
        read(ct_folder)


def test_slices_in_several_folders(tmp_path: Path, write_series: Any, read: Read) -> None:
    paths = write_series(tmp_path / "all")
    expected = read(tmp_path / "all").hu
    for k, path in enumerate(paths):
        folder = tmp_path / "ct" / "ST000" / f"SE00{k % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / f"IM{k // 2}")  # the same names in both
    (tmp_path / "ct" / ".hidden").mkdir()
    (tmp_path / "ct" / ".hidden" / "a.dcm").write_bytes(b"none")
    (tmp_path / "ct" / "ST000" / "circle").symlink_to(tmp_path / "ct")
    volume = read(tmp_path / "ct")
    assert np.array_equal(volume.hu, expected)
    assert volume.geometry == lungrt.Geometry((-10.0, 20.0, 0.0), (0.7, 0.8, 2.5))
    assert volume.notes == []
    shutil.copy(paths[0], tmp_path / "ct" / "copy.dcm")
    assert read(tmp_path / "ct").notes == ["left out (identical copy of another file): 'copy.dcm'"]


def test_folders_that_are_too_deep(tmp_path: Path, write_series: Any, read: Read) -> None:
    inner = tmp_path.joinpath("ct", *["d"] * 32)
    write_series(inner)
    assert read(tmp_path / "ct").shape == (6, 8, 10)
    inner.rename(tmp_path / "moved")
    inner.mkdir()
    (tmp_path / "moved").rename(inner / "d")
    with pytest.raises(Io, match="nested more than 32 deep"):
        read(tmp_path / "ct")


def test_the_only_series_that_can_be_a_volume(
    tmp_path: Path, write_series: Any, pixels: Any, read: Read
) -> None:
    ct = tmp_path / "ct"
    write_series(ct / "a")
    scout = put(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"], SeriesDescription="Scout")
    write_series(ct / "b", (0.0,), uid="1.5", edit=scout)
    write_series(ct / "c", (0.0, 1.0), uid="1.6", edit=put(Modality="MR", SeriesNumber=4))
    volume = read(ct)
    assert np.array_equal(volume.hu, stored(pixels, *range(6)))
    (note,) = volume.notes
    assert note.startswith(f"series {UID} was read, the only one of 3 in the folder")
    assert "not 1.5  1 slice  CT  Scout; no volume: series 1.5: localizer" in note
    assert "not 1.6  2 slices  MR  chest, number 4" in note
    with pytest.raises(BadVolume, match="localizer"):
        read(ct, series="1.5")


def test_series_are_listed_with_what_tells_them_apart(
    tmp_path: Path, write_series: Any, read: Read
) -> None:
    write_series(tmp_path / "ct" / "a", edit=put(SeriesNumber=3, ConvolutionKernel=["B70f", "3"]))
    write_series(tmp_path / "ct" / "b", uid="1.5", edit=put(SeriesNumber=4))
    with pytest.raises(InvalidArgument, match="contains 2 series; choose one") as caught:
        read(tmp_path / "ct")
    assert (
        f"{UID}  6 slices  CT  chest, number 3, kernel B70f\\3, 0.7 x 0.8 x 2.5 mm, 8 x 10 pixels"
    ) in str(caught.value)
    assert "1.5  6 slices  CT  chest, number 4, 0.7 x" in str(caught.value)


def test_one_file_stands_for_its_series(
    tmp_path: Path, write_series: Any, pixels: Any, read: Read
) -> None:
    ct = tmp_path / "ct"
    write_series(ct, edit=first)
    paths = write_series(ct, prefix="lung", edit=LUNG)
    write_series(ct, uid="1.5", prefix="x")
    paths[2].rename(ct / "IM3")
    volume = read(ct / "IM3")
    assert np.array_equal(volume.hu, stored(pixels, *range(6)) + 100)
    assert "'IM3' is one image of a series; the 12 images of it" in volume.notes[0]
    assert "part 2 of 2" in volume.notes[1]


def test_dicomdir(tmp_path: Path, write_series: Any, pixels: Any, read: Read) -> None:
    ct = tmp_path / "ct"
    write_series(ct / "DICOM" / "ST000")
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = pydicom.uid.MediaStorageDirectoryStorage
    meta.MediaStorageSOPInstanceUID = "1.8"
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    directory = pydicom.Dataset()
    directory.file_meta = meta
    directory.FileSetID, directory.DirectoryRecordSequence = "CD", []
    for name in ("DICOMDIR", "dicomdir"):
        directory.save_as(ct / name, enforce_file_format=True)
        for path in (ct / name, ct):
            volume = read(path)
            assert np.array_equal(volume.hu, stored(pixels, *range(6)))
            assert volume.notes == []


@pytest.mark.parametrize(("gap", "digits"), [(5 / 6, 2), (0.625, 1), (0.75, 1), (1.25, 0)])
def test_positions_with_few_digits(
    tmp_path: Path, write_series: Any, pixels: Any, read: Read, gap: float, digits: int
) -> None:
    positions = [round(-300 + gap * k, digits) for k in range(20)]

    def edit(index: int, data: Any) -> None:
        z = positions[index]
        data.ImagePositionPatient = [-10, 20, int(z) if z == int(z) else z]

    write_series(tmp_path / "ct", positions, edit=edit)
    volume = read(tmp_path / "ct")
    assert np.array_equal(volume.hu, stored(pixels, *range(20)))
    slope, start = np.polyfit(np.arange(20), positions, 1)  # least squares, as an independent check
    assert volume.geometry.spacing_mm == pytest.approx((0.7, 0.8, slope), abs=1e-9)
    assert volume.geometry.origin_mm == pytest.approx((-10, 20, start), abs=1e-9)
    assert slope == pytest.approx(gap, abs=10**-digits / 19)
    assert f"rounding of their positions, to {10**-digits:g} mm" in volume.notes[0]


@pytest.mark.parametrize("slope", ["1", "0.5"])
def test_a_tilted_gantry_is_straightened(
    tmp_path: Path, write_series: Any, read: Read, slope: str
) -> None:
    def edit(index: int, data: Any) -> None:
        data.ImagePositionPatient[1] = 20 - 0.3 * POSITIONS[index]
        data.RescaleSlope = slope

    write_series(tmp_path / "ct", edit=edit)
    with pytest.raises(BadVolume, match=r"tilted by 16\.6992 degrees"):
        read(tmp_path / "ct")
    volume = read(tmp_path / "ct", resample=True)
    assert any("tilted by 16.6992 degrees" in note for note in volume.notes)
    assert volume.shape == (6, 8 + 5, 10)  # 3.75 mm of 0.8 mm a row
    assert volume.geometry.origin_mm == pytest.approx((-10, 16.25, 0))
    for k, path in enumerate(sorted((tmp_path / "ct").iterdir(), reverse=True)):
        # SimpleITK puts each slice where its header says.
        image = SimpleITK.Cast(SimpleITK.ReadImage(str(path)), SimpleITK.sitkFloat64)
        (plane,) = SimpleITK.GetArrayFromImage(image)
        framed = np.pad(plane, 1, constant_values=-1000)
        picture = SimpleITK.GetImageFromArray(framed)
        picture.SetSpacing((0.7, 0.8))
        picture.SetOrigin((-10 - 0.7, image.GetOrigin()[1] - 0.8))
        expected = SimpleITK.Resample(
            picture,
            (10, 13),
            SimpleITK.Transform(2, SimpleITK.sitkIdentity),
            SimpleITK.sitkLinear,
            (-10.0, 16.25),
            (0.7, 0.8),
            (1.0, 0.0, 0.0, 1.0),
            -1000.0,
        )
        array = SimpleITK.GetArrayFromImage(expected)
        assert np.abs(volume.hu[k] - array).max() <= 0.5 + 1e-6


@pytest.mark.parametrize(
    ("orientation", "axis", "name"),
    [([1, 0, 0, 0, 0, -1], 1, "coronal"), ([0, 1, 0, 0, 0, -1], 0, "sagittal")],
)
def test_reformats(
    tmp_path: Path, write_series: Any, read: Read, orientation: list[int], axis: int, name: str
) -> None:
    def edit(index: int, data: Any) -> None:
        data.ImageOrientationPatient = orientation
        place = [0.0, 0.0, 50.0]
        place[axis] = POSITIONS[index]
        data.ImagePositionPatient = place

    write_series(tmp_path / "ct", edit=edit)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path / "ct")))
    image = reader.Execute()
    volume = read(tmp_path / "ct")
    assert np.array_equal(volume.hu, SimpleITK.GetArrayViewFromImage(image))
    assert volume.geometry == lungrt.from_sitk(image).geometry
    (note,) = volume.notes
    assert note.startswith(f"the slices are {name}: a reformat")
