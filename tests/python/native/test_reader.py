"""DICOM series, by Python's reader and by lungrt::io: the pixels are those of the standard.

pydicom parses the headers and pylibjpeg decodes compressed pixels. Neither is used by lungrt, whose
decoders are SimpleITK in Python and GDCM in lungrt::io.
"""

from __future__ import annotations

import json
import subprocess
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


def stored_values(data: Any) -> NDArray[np.int64]:
    """Return the stored values of uncompressed pixels by the rules of PS3.5, section 8.1.1.

    Bits above the high bit are no part of a value, and the high bit is the sign.
    """
    syntax = data.file_meta.TransferSyntaxUID
    # The representation OW consists of 16-bit words; the lower word of a value comes first.
    order = ">" if syntax == pydicom.uid.ExplicitVRBigEndian else "<"
    words = np.frombuffer(data.PixelData, f"{order}u2").astype("<u2")
    values = np.frombuffer(words.tobytes(), f"<u{data.BitsAllocated // 8}")
    values = values[: data.Rows * data.Columns].astype(np.int64) & ((1 << data.BitsStored) - 1)
    if data.PixelRepresentation == 1:
        values -= (values >> (data.BitsStored - 1)) << data.BitsStored
    return values.reshape(data.Rows, data.Columns)


def hounsfield_units(folder: Path) -> NDArray[np.float64]:
    """Return the exact values of a series along the patient's axis."""
    slices = [pydicom.dcmread(path) for path in folder.glob("*.dcm")]
    slices.sort(key=lambda data: data.ImagePositionPatient[2])
    planes = []
    for data in slices:
        compressed = data.file_meta.TransferSyntaxUID.is_encapsulated
        stored = data.pixel_array if compressed else stored_values(data)
        slope, intercept = data.get("RescaleSlope", 1), data.get("RescaleIntercept", 0)
        planes.append(stored * float(slope) + float(intercept))
    return np.stack(planes)


def assert_standard(folder: Path, read: Read) -> lungrt.CtVolume:
    volume, exact = read(folder), hounsfield_units(folder)
    assert np.array_equal(volume.hu, np.rint(exact))
    fractions = int((exact != np.rint(exact)).sum())
    notes = [note for note in volume.notes if not note.startswith("no RescaleSlope")]
    assert len(notes) == (fractions > 0)
    assert all(note.startswith(f"{fractions} voxels were not whole") for note in notes)
    assert volume.geometry == lungrt.Geometry((-10.0, 20.0, 0.0), (0.7, 0.8, 2.5))
    return volume


def put(keyword: str, value: object, only: int | None = None) -> Edit:
    def edit(index: int, data: Any) -> None:
        if only is None or index == only:
            setattr(data, keyword, value)

    return edit


def rescaled_by_slice(index: int, data: Any) -> None:
    data.RescaleSlope, data.RescaleIntercept = 2, -1000 - index


def fractional_by_slice(index: int, data: Any) -> None:
    data.RescaleSlope, data.RescaleIntercept = f"{0.3 + index / 8}", f"{-900.5 + index}"


def bits(stored: int) -> Edit:
    def edit(index: int, data: Any) -> None:
        data.BitsStored, data.HighBit = stored, stored - 1

    return edit


def junk_above(stored: int) -> Edit:
    """Fill the unused bits with noise."""

    def edit(index: int, data: Any) -> None:
        bits(stored)(index, data)
        noise = np.random.default_rng(index).integers(0, 2**16, 80, dtype=np.uint16)
        words = np.frombuffer(data.PixelData, np.uint16)
        data.PixelData = (words | (noise << np.uint16(stored))).tobytes()

    return edit


def overlay_above(index: int, data: Any) -> None:
    """Put an overlay into a bit above those of the pixels, as old files have it."""
    junk_above(12)(index, data)
    data.add_new(0x60000010, "US", data.Rows)
    data.add_new(0x60000011, "US", data.Columns)
    data.add_new(0x60000040, "CS", "G")
    data.add_new(0x60000050, "SS", [1, 1])
    data.add_new(0x60000100, "US", 16)
    data.add_new(0x60000102, "US", 14)


def signed(index: int, data: Any) -> None:
    data.PixelRepresentation = 1
    stored = np.frombuffer(data.PixelData, np.uint16).astype(np.int16) - np.int16(1500)
    data.PixelData = stored.tobytes()


def signed_bits(stored: int, *, junk: bool = False) -> Edit:
    """Store signed values without their sign above the high bit, or with noise there."""

    def edit(index: int, data: Any) -> None:
        signed(index, data)
        words = np.frombuffer(data.PixelData, np.uint16) & np.uint16((1 << stored) - 1)
        data.PixelData, data.RescaleIntercept = words.tobytes(), 0
        (junk_above if junk else bits)(stored)(index, data)

    return edit


def allocated(size: int, *, is_signed: bool = False) -> Edit:
    def edit(index: int, data: Any) -> None:
        words = np.frombuffer(data.PixelData, np.uint16).astype(np.int64)
        values = words % 256 if size == 8 else words - 1500 if is_signed else words
        data.PixelData = values.astype(f"<{'i' if is_signed else 'u'}{size // 8}").tobytes()
        data.BitsAllocated, data.BitsStored, data.HighBit = size, size, size - 1
        data.PixelRepresentation = int(is_signed)

    return edit


def no_slope(index: int, data: Any) -> None:
    del data.RescaleSlope
    del data.RescaleIntercept


def icon(index: int, data: Any) -> None:
    small = pydicom.Dataset()
    small.Rows, small.Columns, small.BitsAllocated, small.PixelRepresentation = 2, 2, 8, 0
    small.PixelData = b"\0" * 4
    data.IconImageSequence = [small]


EDITS: dict[str, Edit] = {
    "plain": lambda index, data: None,
    "slope and intercept of each slice": rescaled_by_slice,
    "fractional slope and intercept of each slice": fractional_by_slice,
    "slope of a half": put("RescaleSlope", "0.5"),
    "one fractional slope": put("RescaleSlope", "0.5", only=2),
    "odd slope": put("RescaleSlope", "3"),
    "intercept with a sign": put("RescaleIntercept", "+100"),
    "fractional intercept": put("RescaleIntercept", "-1024.25"),
    "negative slope": put("RescaleSlope", -1),
    "no slope": no_slope,
    "no series UID": lambda index, data: delattr(data, "SeriesInstanceUID"),
    "signed": signed,
    "12 bits": bits(12),
    "12 bits, signed": signed_bits(12),
    "13 bits, signed": signed_bits(13),
    "12 bits and an overlay": overlay_above,
    "8 bits": allocated(8),
    "8 bits, signed": lambda index, data: (
        allocated(8)(index, data),
        setattr(data, "PixelRepresentation", 1),
    )[0],
    "32 bits": allocated(32),
    "32 bits, signed": allocated(32, is_signed=True),
    "icon": icon,
}


@pytest.mark.parametrize("name", EDITS)
def test_uncompressed_pixels(tmp_path: Path, write_series: Any, read: Read, name: str) -> None:
    write_series(tmp_path / "ct", edit=EDITS[name])
    assert_standard(tmp_path / "ct", read)


def test_slope_of_zero_counts_as_one(
    tmp_path: Path, write_series: Any, read: Read, pixels: Any
) -> None:
    """The standard's formula would make every pixel the same; both decoders read it as no slope."""
    write_series(tmp_path / "ct", edit=put("RescaleSlope", 0))
    expected = np.stack([pixels(index) for index in range(6)]).astype(int) - 1024
    assert np.array_equal(read(tmp_path / "ct").hu, expected)


@pytest.mark.parametrize("edit", ["plain", "12 bits, signed", "8 bits", "32 bits, signed"])
@pytest.mark.parametrize(
    "syntax",
    [
        pydicom.uid.ImplicitVRLittleEndian,
        pydicom.uid.ExplicitVRBigEndian,
        pydicom.uid.DeflatedExplicitVRLittleEndian,
    ],
)
def test_transfer_syntaxes(
    tmp_path: Path, write_series: Any, read: Read, syntax: str, edit: str
) -> None:
    folder = tmp_path / "ct"
    for path in write_series(folder, edit=EDITS[edit]):
        data = pydicom.dcmread(path)
        if syntax == pydicom.uid.ExplicitVRBigEndian:
            data.PixelData = np.frombuffer(data.PixelData, "<u2").byteswap().tobytes()
        data.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(path, _without_encoding(data), enforce_file_format=True)
    assert_standard(folder, read)


def _without_encoding(data: Any) -> Any:
    """Return a copy that is encoded as its file meta group says, not as it was read."""
    copy = pydicom.FileDataset("", dict(data), preamble=b"\0" * 128, file_meta=data.file_meta)
    for element in copy:  # parses what is still raw
        assert element.tag in copy
    return copy


def compress(data: Any, method: str, folder: Path) -> None:
    """Compress the pixels of a slice without loss, by GDCM as the encoder."""
    values = np.frombuffer(data.PixelData, "i2" if data.PixelRepresentation else "u2")
    image = SimpleITK.GetImageFromArray(values.reshape(1, data.Rows, data.Columns))
    writer = SimpleITK.ImageFileWriter()
    writer.SetFileName(str(folder / "encoded.dcm"))
    writer.SetImageIO("GDCMImageIO")
    writer.UseCompressionOn()
    writer.SetCompressor(method)
    writer.Execute(image)
    encoded = pydicom.dcmread(folder / "encoded.dcm")
    data.file_meta.TransferSyntaxUID = encoded.file_meta.TransferSyntaxUID
    data.PixelData = encoded.PixelData
    data["PixelData"].is_undefined_length = True


@pytest.mark.parametrize(
    ("method", "syntax"),
    [
        ("JPEG", pydicom.uid.JPEGLosslessSV1),
        ("JPEG2000", pydicom.uid.JPEG2000Lossless),
    ],
)
@pytest.mark.parametrize(
    "edit", ["plain", "signed", "fractional slope and intercept of each slice"]
)
def test_compressed_pixels(
    tmp_path: Path, write_series: Any, read: Read, method: str, syntax: str, edit: str
) -> None:
    folder = tmp_path / "ct"
    paths = write_series(folder, edit=EDITS[edit])
    expected = hounsfield_units(folder)
    for path in paths:
        data = pydicom.dcmread(path)
        compress(data, method, tmp_path)
        assert data.file_meta.TransferSyntaxUID == syntax
        data.save_as(path)
    assert np.array_equal(hounsfield_units(folder), expected)  # the encoder lost nothing
    assert_standard(folder, read)


@pytest.mark.parametrize(
    ("syntax", "edit"),
    [
        *((pydicom.uid.RLELossless, edit) for edit in ("plain", "12 bits", "signed", "8 bits")),
        *((pydicom.uid.JPEGLSLossless, edit) for edit in ("plain", "12 bits", "odd slope")),
    ],
)
def test_pixels_that_pydicom_compressed(
    tmp_path: Path, write_series: Any, read: Read, syntax: str, edit: str
) -> None:
    folder = tmp_path / "ct"
    paths = write_series(folder, edit=EDITS[edit])
    expected = hounsfield_units(folder)
    for path in paths:
        data = pydicom.dcmread(path)
        data.compress(syntax)
        data.save_as(path)
    assert np.array_equal(read(folder).hu, expected)
    assert_standard(folder, read)


def two_series(index: int, data: Any) -> None:
    if index % 2:
        data.SeriesInstanceUID = "1.2.3"


REFUSED: dict[str, tuple[Edit, type[Exception], str]] = {
    "beyond int16": (
        put("RescaleIntercept", 32000, only=3),
        BadVolume,
        r"slice\d+\.dcm.* beyond int16",
    ),
    "below int16": (put("RescaleIntercept", -33000, only=1), BadVolume, "beyond int16"),
    "large slope": (put("RescaleSlope", 40000), BadVolume, "beyond int16"),
    "12 bits, signed, and junk": (signed_bits(12, junk=True), BadVolume, "its 12 stored bits"),
    "12 bits and junk": (junk_above(12), BadVolume, "its 12 stored bits"),
    "15 bits and junk": (junk_above(15), BadVolume, "its 15 stored bits"),
    "inverted": (
        put("PhotometricInterpretation", "MONOCHROME1", only=2),
        BadVolume,
        r"slice004\.dcm: its grey levels are inverted .*MONOCHROME1.*MONOCHROME2",
    ),
    "modality": (put("Modality", "MR"), BadVolume, "MR"),
    "no modality": (lambda index, data: delattr(data, "Modality"), BadVolume, "modality ''"),
    "two frames": (put("NumberOfFrames", 2), BadVolume, r"multi-frame image \(2 frames\)"),
    "two series": (two_series, InvalidArgument, "contains 2 series"),
    "sheared": (put("ImageOrientationPatient", [1, 0, 0, 0, 0.5, 0]), BadVolume, "ct: "),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(tmp_path: Path, write_series: Any, read: Read, name: str) -> None:
    edit, error, message = REFUSED[name]
    write_series(tmp_path / "ct", edit=edit)
    with pytest.raises(error, match=message):
        read(tmp_path / "ct")


def test_one_of_two_series(tmp_path: Path, write_series: Any, read: Read, pixels: Any) -> None:
    write_series(tmp_path / "ct", edit=two_series)
    hu = read(tmp_path / "ct", series="1.2.3").hu
    assert np.array_equal(hu, np.stack([pixels(k) for k in (1, 3, 5)]).astype(int) - 1024)


def test_interpolation_between_slices_of_two_kinds(
    tmp_path: Path, write_series: Any, read: Read
) -> None:
    write_series(
        tmp_path / "ct", (0.0, 2.5, 5.0, 10.0, 12.5), edit=put("RescaleSlope", "0.3", only=3)
    )
    exact = hounsfield_units(tmp_path / "ct")
    volume = read(tmp_path / "ct", resample=True)
    assert np.array_equal(volume.hu[[0, 1, 2, 4, 5]], np.rint(exact))
    assert np.array_equal(volume.hu[3], np.rint((exact[2] + exact[3]) / 2))
    assert any("rounded" in note for note in volume.notes)


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.99])
def test_truncated_slice(ct_folder: Path, read: Read, keep: float) -> None:
    path = ct_folder / "slice003.dcm"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(Io, match=r"slice003\.dcm: damaged or truncated DICOM file"):
        read(ct_folder)


@pytest.mark.parametrize("there", [0, 50, 158])
def test_pixels_that_are_not_all_there(
    tmp_path: Path, write_series: Any, read: Read, there: int
) -> None:
    def edit(index: int, data: Any) -> None:
        if index == 2:
            data.PixelData = data.PixelData[:there]

    write_series(tmp_path / "ct", edit=edit)
    with pytest.raises(Io, match=rf"slice004\.dcm: (contains {there} bytes of pixels|damaged)"):
        read(tmp_path / "ct")


@pytest.mark.parametrize(
    ("syntax", "stream", "message"),
    [
        (pydicom.uid.JPEG2000Lossless, b"\xff\x4f\xff\x51 not a code stream", ""),
        (pydicom.uid.RLELossless, b"\0" * 64, "its compressed pixels are damaged"),
        (pydicom.uid.JPEGLosslessSV1, b"\xff\xd8\xff\xd9", "its compressed pixels are damaged"),
    ],
)
def test_pixels_that_cannot_be_decoded(
    ct_folder: Path, read: Read, syntax: str, stream: bytes, message: str
) -> None:
    path = ct_folder / "slice002.dcm"
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = syntax
    data.PixelData = pydicom.encaps.encapsulate([stream])
    data["PixelData"].is_undefined_length = True
    data.save_as(path)
    with pytest.raises(Io, match=rf"slice002\.dcm: .*{message}"):
        read(ct_folder)


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32])
@pytest.mark.parametrize("suffix", [".mhd", ".mha", ".nii", ".nii.gz", ".nrrd", ".nhdr"])
def test_image_files(
    tmp_path: Path, read: Read, suffix: str, dtype: type[np.generic], image: Any
) -> None:
    picture = image(dtype)
    SimpleITK.WriteImage(picture, str(tmp_path / f"ct{suffix}"))
    volume = read(tmp_path / f"ct{suffix}")
    assert np.array_equal(volume.hu, SimpleITK.GetArrayFromImage(picture))
    assert volume.geometry == lungrt.from_sitk(picture).geometry
    with pytest.raises(InvalidArgument, match="series and resample are for DICOM folders"):
        read(tmp_path / f"ct{suffix}", resample=True)


@pytest.mark.parametrize("name", ["LIDC-IDRI-0001", "C3N-00247_LUNG_3.0_B70f"])
def test_reference_cts(reference: Path, read: Read, name: str) -> None:
    folder = reference / "ct" / name
    assert np.array_equal(read(folder).hu, hounsfield_units(folder))


def test_volume_that_does_not_fit_into_memory(built: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "ct.mhd"
    path.write_text(
        "ObjectType = Image\nNDims = 3\nDimSize = 1024 1024 3500\nElementType = MET_SHORT\n"
        "BinaryData = True\nElementDataFile = ct.raw\n"
    )
    with (tmp_path / "ct.raw").open("wb") as voxels:
        voxels.truncate(2 * 1024 * 1024 * 3500)  # a hole: nothing is on the disk
    done = subprocess.run(
        ["sh", "-c", 'ulimit -v 4000000; exec "$0"', built("lungrt_read_ct")],  # KiB
        input=json.dumps({"path": str(path)}) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {
        "error": "OutOfMemory",
        "message": f"{path}: not enough memory to read it",
    }
