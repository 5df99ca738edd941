"""Multi-frame files: Enhanced CT, and its twin that is converted from single frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    LegacyConvertedEnhancedCTImageStorage,
    RLELossless,
)

import lungrt
from lungrt.errors import BadVolume, Io

FRAMES, ROWS, COLUMNS = 5, 64, 72
ORDER = (3, 0, 4, 1, 2)  # of the positions of frames
SLOPES = (1, 2, 1, 1, 3)
Edit = Callable[[Dataset], None]


def stored(frame: int) -> NDArray[np.uint16]:
    return np.random.default_rng(frame).integers(0, 2000, (ROWS, COLUMNS), dtype=np.uint16)


def expected() -> NDArray[np.int16]:
    """Return Hounsfield units by ascending position."""
    planes = [stored(k).astype(np.int16) * SLOPES[k] - 1024 - k for k in range(FRAMES)]
    return np.stack([planes[ORDER.index(z)] for z in range(FRAMES)])


def item(**values: Any) -> Dataset:
    data = Dataset()
    for keyword, value in values.items():
        setattr(data, keyword, value)
    return data


def enhanced(storage: UID = EnhancedCTImageStorage) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = storage, UID("1.2.3.4")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = storage, "1.2.3.4"
    data.SeriesInstanceUID, data.Modality = "1.2.3", "CT"
    data.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    data.NumberOfFrames, data.Rows, data.Columns = FRAMES, ROWS, COLUMNS
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 0
    data.SharedFunctionalGroupsSequence = [
        item(
            PixelMeasuresSequence=[item(PixelSpacing=[0.8, 0.7], SliceThickness=2)],
            PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        )
    ]
    data.PerFrameFunctionalGroupsSequence = [
        item(
            PlanePositionSequence=[item(ImagePositionPatient=[-10, 20, 2.5 * ORDER[k]])],
            PixelValueTransformationSequence=[
                item(RescaleSlope=SLOPES[k], RescaleIntercept=-1024 - k, RescaleType="HU")
            ],
            CTImageFrameTypeSequence=[item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])],
        )
        for k in range(FRAMES)
    ]
    data.PixelData = b"".join(stored(k).tobytes() for k in range(FRAMES))
    return data


def write(folder: Path, data: FileDataset, syntax: UID = ExplicitVRLittleEndian) -> Path:
    folder.mkdir(exist_ok=True)
    data.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        data.PixelData = np.frombuffer(data.PixelData, "<u2").astype(">u2").tobytes()
    pydicom.dcmwrite(folder / "ct.dcm", data, enforce_file_format=True, implicit_vr=None)
    return folder


def check(folder: Path) -> None:
    volume = lungrt.read_ct(folder)
    assert np.array_equal(volume.hu, expected())
    assert volume.geometry == lungrt.Geometry((-10.0, 20.0, 0.0), (0.7, 0.8, 2.5))
    assert volume.notes == []
    sources = [(source.path.name, source.instance_uid) for source in volume.sources]
    assert sources == [("ct.dcm", "1.2.3.4")] * FRAMES
    assert [source.frame for source in volume.sources] == [ORDER.index(z) + 1 for z in range(5)]


@pytest.mark.parametrize("storage", [EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage])
@pytest.mark.parametrize(
    "syntax",
    [
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
def test_every_frame_has_its_position_and_rescale(
    tmp_path: Path, storage: UID, syntax: UID
) -> None:
    check(write(tmp_path / "ct", enhanced(storage), syntax))


def test_frames_are_those_that_simpleitk_reads(tmp_path: Path) -> None:
    data = enhanced()
    for k, frame in enumerate(data.PerFrameFunctionalGroupsSequence):
        # ITK leaves frames in the order of the file, and applies the first rescale to all.
        frame.PlanePositionSequence[0].ImagePositionPatient = [-10, 20, 2.5 * k]
        frame.PixelValueTransformationSequence[0].RescaleSlope = 1
        frame.PixelValueTransformationSequence[0].RescaleIntercept = -1024
    folder = write(tmp_path / "ct", data)
    theirs = SimpleITK.ReadImage(str(folder / "ct.dcm"))
    ours = lungrt.read_ct(folder)
    assert np.array_equal(ours.hu, SimpleITK.GetArrayViewFromImage(theirs))
    assert ours.geometry == lungrt.from_sitk(theirs).geometry


def rle() -> list[bytes]:
    data = enhanced()
    data.compress(RLELossless)
    return list(pydicom.encaps.generate_frames(data.PixelData, number_of_frames=FRAMES))


def jpeg2000() -> list[bytes]:
    data = enhanced()
    data.compress(JPEG2000Lossless)
    return list(pydicom.encaps.generate_frames(data.PixelData, number_of_frames=FRAMES))


def compressed(pixels: bytes) -> FileDataset:
    data = enhanced()
    data.PixelData = pixels
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    return data


@pytest.mark.parametrize("has_table", [False, True])
def test_frames_that_are_compressed(tmp_path: Path, has_table: bool) -> None:
    pixels = encapsulate(rle(), has_bot=has_table)
    check(write(tmp_path / "rle", compressed(pixels), RLELossless))
    for fragments in (1, 2, 3):
        pixels = encapsulate(jpeg2000(), fragments_per_frame=fragments, has_bot=has_table)
        check(write(tmp_path / f"jpeg{fragments}", compressed(pixels), JPEG2000Lossless))


def test_extended_offset_table(tmp_path: Path) -> None:
    pixels, offsets, lengths = encapsulate_extended(jpeg2000())
    data = compressed(pixels)
    data.ExtendedOffsetTable, data.ExtendedOffsetTableLengths = offsets, lengths
    check(write(tmp_path / "ct", data, JPEG2000Lossless))


def test_frames_of_which_fragments_are_missing(tmp_path: Path) -> None:
    pixels = encapsulate(jpeg2000()[:-1], has_bot=False)
    folder = write(tmp_path / "ct", compressed(pixels), JPEG2000Lossless)
    with pytest.raises(Io, match=r"ct\.dcm: damaged.*4 fragments, but its frames need at least 5"):
        lungrt.read_ct(folder)


def test_fragments_of_unknown_frames(tmp_path: Path) -> None:
    parts = [part for frame in jpeg2000()[1:] for part in (frame[:40], frame[40:])]
    folder = write(tmp_path / "ct", compressed(encapsulate(parts, has_bot=False)), JPEG2000Lossless)
    with pytest.raises(Io, match=r"it is not clear which of their 8 fragments belong to which"):
        lungrt.read_ct(folder)


def test_a_damaged_frame_is_named(tmp_path: Path) -> None:
    frames = rle()
    frames[2] = frames[2][:-8]
    folder = write(tmp_path / "ct", compressed(encapsulate(frames, has_bot=False)), RLELossless)
    with pytest.raises(Io, match=r"ct\.dcm, frame 3: its compressed pixels are damaged"):
        lungrt.read_ct(folder)


def refused(tmp_path: Path, edit: Edit, error: type[Exception], reason: str) -> None:
    data = enhanced()
    edit(data)
    with pytest.raises(error, match=reason):
        lungrt.read_ct(write(tmp_path / "ct", data))


def test_frame_without_a_position(tmp_path: Path) -> None:
    def edit(data: Any) -> None:
        del data.PerFrameFunctionalGroupsSequence[3].PlanePositionSequence

    refused(tmp_path, edit, BadVolume, r"ct\.dcm, frame 4: ImagePositionPatient.* is missing")


def test_frames_without_functional_groups(tmp_path: Path) -> None:
    def edit(data: Any) -> None:
        del data.PerFrameFunctionalGroupsSequence

    refused(tmp_path, edit, BadVolume, r"multi-frame image \(5 frames\) that does not say where")


def test_another_number_of_frames(tmp_path: Path) -> None:
    def edit(data: Any) -> None:
        data.NumberOfFrames = 4

    refused(tmp_path, edit, Io, r"it has 4 frames, but functional groups \(5200,9230\) of 5")


@pytest.mark.parametrize("count", [0, -1, 1 << 16 | 1, 1 << 31])
def test_numbers_of_frames_that_cannot_be(tmp_path: Path, count: int) -> None:
    def edit(data: Any) -> None:
        data.NumberOfFrames = count

    refused(tmp_path, edit, Io, rf"NumberOfFrames \(0028,0008\) is '{count}', expected 1 to 65536")


def test_too_few_pixels(tmp_path: Path) -> None:
    def edit(data: Any) -> None:
        data.PixelData = data.PixelData[:-2]

    refused(tmp_path, edit, Io, "its pixels have 46078 bytes, but .* in 5 frames need 46080")


def test_localizer_frame(tmp_path: Path) -> None:
    data = enhanced()
    top = ORDER.index(FRAMES - 1)
    frame = data.PerFrameFunctionalGroupsSequence[top]
    frame.CTImageFrameTypeSequence[0].FrameType = ["ORIGINAL", "PRIMARY", "LOCALIZER", "NONE"]
    volume = lungrt.read_ct(write(tmp_path / "ct", data))
    assert np.array_equal(volume.hu, expected()[:-1])
    assert f"left out (localizer): 'ct.dcm, frame {top + 1}'" in volume.notes


def test_what_a_conversion_kept_does_not_replace_what_has_a_place(tmp_path: Path) -> None:
    data = enhanced(LegacyConvertedEnhancedCTImageStorage)
    for frame in data.PerFrameFunctionalGroupsSequence:
        frame.UnassignedPerFrameConvertedAttributesSequence = [
            item(ImagePositionPatient=[0, 0, 0], RescaleSlope=7, AcquisitionNumber=1)
        ]
    check(write(tmp_path / "ct", data))
