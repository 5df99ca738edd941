"""The C++ reader against the Python reader: the same volume to the bit, or the same error."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK

import lungrt
from lungrt.errors import Error

Reader = Callable[..., dict[str, Any]]
Edit = Callable[[int, Any], None]
MakeImage = Callable[..., SimpleITK.Image]


@pytest.fixture
def same(native_reader: Reader, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Return a function that reads a CT with both readers, compares, and returns the C++ answer."""

    def compare(path: Path, *, directions_within: float = 0.0, **options: Any) -> dict[str, Any]:
        voxels = tmp_path / "voxels.raw"
        answer = native_reader(path, voxels=str(voxels), **options)
        error = None
        try:
            volume = lungrt.read_ct(path, **options)
        except Error as raised:
            error = raised
        if error is not None:
            assert answer.get("error") == type(error).__name__, (answer, error)
            # Reasons in brackets come from libraries, which also differ in when they miss bytes.
            mine, other = answer["message"].split(" (")[0], str(error).split(" (")[0]
            unreadable = f"{path}: (cannot be read|truncated)"
            assert mine == other or (re.match(unreadable, mine) and re.match(unreadable, other))
            return answer
        assert "error" not in answer, answer
        hu = np.fromfile(voxels, np.int16).reshape(answer["shape"])
        assert np.array_equal(hu, volume.hu)
        assert tuple(answer["origin_mm"]) == volume.geometry.origin_mm
        assert tuple(answer["spacing_mm"]) == volume.geometry.spacing_mm
        apart = np.abs(np.subtract(answer["direction"], volume.geometry.direction)).max()
        assert apart <= directions_within
        assert answer["series_uid"] == volume.series_uid
        assert answer["notes"] == volume.notes
        return answer

    return compare


def put(keyword: str, value: object, only: int | None = None) -> Edit:
    def edit(index: int, data: Any) -> None:
        if only is None or index == only:
            setattr(data, keyword, value)

    return edit


def remove(keyword: str) -> Edit:
    return lambda index, data: delattr(data, keyword)


def colour(index: int, data: Any) -> None:
    data.SamplesPerPixel, data.PlanarConfiguration = 3, 0
    data.PhotometricInterpretation = "RGB"
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.PixelData = b"\0" * (8 * 10 * 3)


def two_frames(index: int, data: Any) -> None:
    data.NumberOfFrames = 2
    data.PixelData = data.PixelData * 2


def icon(index: int, data: Any) -> None:
    small = pydicom.Dataset()
    small.Rows, small.Columns, small.BitsAllocated, small.PixelRepresentation = 2, 2, 8, 0
    small.PixelData = b"\0" * 4
    data.IconImageSequence = [small]


def sagittal(index: int, data: Any) -> None:
    data.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    data.ImagePositionPatient = [data.ImagePositionPatient[2], 0, 0]


def other_sizes(index: int, data: Any) -> None:
    if index == 2:
        data.Rows, data.Columns = data.Columns, data.Rows


def rescaled_by_slice(index: int, data: Any) -> None:
    data.RescaleSlope, data.RescaleIntercept = 2, -1000 - index


def twelve_bits(index: int, data: Any) -> None:
    data.BitsStored, data.HighBit = 12, 11


def dirty_twelve_bits(index: int, data: Any) -> None:
    twelve_bits(index, data)
    stored = np.frombuffer(data.PixelData, np.uint16) | np.uint16(0x4000)
    data.PixelData = stored.tobytes()


def overlay_in_unused_bits(index: int, data: Any) -> None:
    dirty_twelve_bits(index, data)
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


def signed_twelve_bits(index: int, data: Any) -> None:
    signed(index, data)
    twelve_bits(index, data)
    data.RescaleIntercept = 0
    stored = np.frombuffer(data.PixelData, np.int16).astype(np.uint16) & np.uint16(0x0FFF)
    data.PixelData = stored.tobytes()


def eight_bits(index: int, data: Any) -> None:
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.PixelData = (np.frombuffer(data.PixelData, np.uint16) % 256).astype(np.uint8).tobytes()


def thirty_two_bits(index: int, data: Any) -> None:
    data.BitsAllocated, data.BitsStored, data.HighBit = 32, 32, 31
    data.PixelData = np.frombuffer(data.PixelData, np.uint16).astype(np.uint32).tobytes()


def latin_1(index: int, data: Any) -> None:
    data.SpecificCharacterSet = "ISO_IR 100"
    data.SeriesDescription = "Thorax nüchtern"


def two_series(index: int, data: Any) -> None:
    if index % 2:
        data.SeriesInstanceUID = "1.2.3"
        data.SeriesDescription = "other"


def no_slope(index: int, data: Any) -> None:
    del data.RescaleSlope
    del data.RescaleIntercept


EDITS: dict[str, Edit] = {
    "plain": lambda index, data: None,
    "slope and intercept of each slice": rescaled_by_slice,
    "slope that is not whole": put("RescaleSlope", "0.5"),
    "one slope that is not whole": put("RescaleSlope", "0.5", only=2),
    "slope with a sign": put("RescaleIntercept", "+100"),
    "negative slope": put("RescaleSlope", -1),
    "slope of zero": put("RescaleSlope", 0),
    "large slope": put("RescaleSlope", 40000),
    "no slope": no_slope,
    "beyond int16": put("RescaleIntercept", 32000, only=3),
    "below int16": put("RescaleIntercept", -33000, only=1),
    "signed": signed,
    "12 bits": twelve_bits,
    "12 bits, signed": signed_twelve_bits,
    "12 bits and junk": dirty_twelve_bits,
    "12 bits and an overlay": overlay_in_unused_bits,
    "8 bits": eight_bits,
    "32 bits": thirty_two_bits,
    "monochrome 1": put("PhotometricInterpretation", "MONOCHROME1"),
    "icon": icon,
    "sagittal": sagittal,
    "localizer": put("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]),
    "modality": put("Modality", "MR"),
    "other sizes": other_sizes,
    "no position": remove("ImagePositionPatient"),
    "no orientation": remove("ImageOrientationPatient"),
    "no pixel spacing": remove("PixelSpacing"),
    "position of two numbers": put("ImagePositionPatient", [1.0, 2.0], only=0),
    "no modality": remove("Modality"),
    "no series UID": remove("SeriesInstanceUID"),
    "two frames": two_frames,
    "colour": colour,
    "latin 1": latin_1,
    "two series": two_series,
    "oblique beyond tolerance": put("ImageOrientationPatient", [1, 0, 0, 0, 0.5, 0]),
}


@pytest.mark.parametrize("name", EDITS)
def test_folders(tmp_path: Path, write_series: Any, same: Any, name: str) -> None:
    write_series(tmp_path / "ct", edit=EDITS[name])
    same(tmp_path / "ct")


POSITIONS = {
    "missing": (0.0, 2.5, 5.0, 10.0, 12.5),
    "irregular": (0.0, 2.5, 5.0, 6.0, 8.5, 11.0),
    "repeated": (0.0, 2.5, 5.0, 5.0, 7.5),
    "single": (0.0,),
    "regular": (0.0, 2.5, 5.0, 7.5),
}


@pytest.mark.parametrize("resample", [False, True])
@pytest.mark.parametrize("name", POSITIONS)
def test_positions(tmp_path: Path, write_series: Any, same: Any, name: str, resample: bool) -> None:
    write_series(tmp_path / "ct", POSITIONS[name])
    same(tmp_path / "ct", resample=resample)


def test_interpolation_between_slices_of_two_kinds(
    tmp_path: Path, write_series: Any, same: Any
) -> None:
    write_series(tmp_path / "ct", POSITIONS["missing"], edit=put("RescaleSlope", "0.3", only=3))
    answer = same(tmp_path / "ct", resample=True)
    assert any("rounded" in note for note in answer["notes"])


def test_series_can_be_chosen(tmp_path: Path, write_series: Any, same: Any) -> None:
    write_series(tmp_path / "ct", edit=two_series)
    assert "error" not in same(tmp_path / "ct", series="1.2.3")
    assert same(tmp_path / "ct", series="9.9")["error"] == "InvalidArgument"


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.99])
def test_truncated_slice(ct_folder: Path, same: Any, keep: float) -> None:
    path = ct_folder / "slice003.dcm"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    assert same(ct_folder)["error"] == "Io"


@pytest.mark.parametrize(
    "syntax", [pydicom.uid.ExplicitVRLittleEndian, pydicom.uid.ImplicitVRLittleEndian]
)
@pytest.mark.parametrize("there", [0, 50, 158])
def test_pixels_that_are_not_all_there(
    tmp_path: Path, write_series: Any, native_reader: Reader, syntax: str, there: int
) -> None:
    def edit(index: int, data: Any) -> None:
        data.file_meta.TransferSyntaxUID = syntax
        if index == 2:
            data.PixelData = data.PixelData[:there]

    write_series(tmp_path, edit=edit)
    answer = native_reader(tmp_path)
    assert answer["error"] == "Io"
    assert "slice004.dcm: " in answer["message"]


@pytest.mark.parametrize(
    "syntax",
    [
        pydicom.uid.ImplicitVRLittleEndian,
        pydicom.uid.ExplicitVRBigEndian,
        pydicom.uid.RLELossless,
        pydicom.uid.DeflatedExplicitVRLittleEndian,
    ],
)
def test_transfer_syntaxes(ct_folder: Path, same: Any, syntax: str) -> None:
    for path in ct_folder.iterdir():
        data = pydicom.dcmread(path)
        if syntax == pydicom.uid.RLELossless:
            data.compress(syntax)
            data.save_as(path)
            continue
        if syntax == pydicom.uid.ExplicitVRBigEndian:
            data.PixelData = np.frombuffer(data.PixelData, "<u2").astype(">u2").tobytes()
        data.file_meta.TransferSyntaxUID = syntax
        data = _without_encoding(data)
        pydicom.dcmwrite(path, data, enforce_file_format=True)
    assert "error" not in same(ct_folder)


def _without_encoding(data: Any) -> Any:
    """Return a copy that is encoded as its file meta group says, not as it was read."""
    copy = pydicom.FileDataset("", dict(data), preamble=b"\0" * 128, file_meta=data.file_meta)
    for element in copy:  # parses what is still raw
        assert element.tag in copy
    return copy


def test_pixels_that_cannot_be_decoded(ct_folder: Path, same: Any) -> None:
    path = ct_folder / "slice002.dcm"
    data = pydicom.dcmread(path)
    data.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
    data.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51 not a code stream"])
    data["PixelData"].is_undefined_length = True
    data.save_as(path)
    assert same(ct_folder)["error"] == "Io"


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: b"\0" + data[1:],
        lambda data: b"\x10" + data[1:],
        lambda data: b"\1" + data[1:],
        lambda data: data[:4] + b"\0" + data[5:],
        lambda data: data[:8] + b"\xff\xff" + data[10:],
        lambda data: data[:8] + b"\x3f\0" + data[10:],
        lambda data: data[:-10],
        lambda data: data[:62],
        lambda data: data[:64] + bytes(len(data) - 64),
        lambda data: data,
    ],
    ids=[
        "no segments",
        "16 segments",
        "1 segment",
        "segments begin in the header",
        "offset outside",
        "offsets descend",
        "truncated",
        "part of the header",
        "zeros",
        "whole",
    ],
)
def test_damaged_runs(ct_folder: Path, same: Any, edit: Callable[[bytes], bytes]) -> None:
    path = ct_folder / "slice002.dcm"
    data = pydicom.dcmread(path)
    data.compress(pydicom.uid.RLELossless)
    (fragment,) = pydicom.encaps.generate_frames(data.PixelData, number_of_frames=1)
    data.PixelData = pydicom.encaps.encapsulate([edit(fragment)])
    data.save_as(path)
    answer = same(ct_folder)
    if edit(fragment) == fragment:
        assert "error" not in answer
    else:
        assert answer["error"] == "Io"
        assert f"{path}: its compressed pixels are damaged (" in answer["message"]


def test_other_files_are_ignored(ct_folder: Path, same: Any) -> None:
    (ct_folder / "readme.txt").write_text("notes")
    (ct_folder / "annotations.xml").write_text("<a/>" * 200)
    (ct_folder / "README").write_bytes(b"")
    (ct_folder / "._slice001.dcm").write_bytes(b"resource fork")
    (ct_folder / "sub").mkdir()
    (ct_folder / "nowhere").symlink_to("not there")
    structures = pydicom.dcmread(ct_folder / "slice001.dcm")
    structures.file_meta.MediaStorageSOPClassUID = pydicom.uid.RTStructureSetStorage
    structures.SOPClassUID = pydicom.uid.RTStructureSetStorage
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "PixelSpacing"):
        delattr(structures, keyword)
    structures.save_as(ct_folder / "structures.dcm")
    assert "error" not in same(ct_folder)


def test_folders_without_dicom(tmp_path: Path, same: Any) -> None:
    (tmp_path / "empty").mkdir()
    assert same(tmp_path / "empty")["error"] == "BadVolume"
    (tmp_path / "notes.txt").write_text("x")
    same(tmp_path)
    same(tmp_path / "nothing.mha")
    for name in ("slice.dcm", "picture.png", "IM0001"):
        (tmp_path / name).write_bytes(b"x")
        assert same(tmp_path / name)["error"] == "InvalidArgument"


SUFFIXES = (".mhd", ".mha", ".nii", ".nii.gz", ".nrrd", ".nhdr")
TYPES = (
    *(np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64),
    *(np.float32, np.float64),
)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_image_files(
    tmp_path: Path, same: Any, suffix: str, dtype: type[np.generic], image: MakeImage
) -> None:
    SimpleITK.WriteImage(image(dtype), str(tmp_path / f"ct{suffix}"))
    assert "error" not in same(tmp_path / f"ct{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_oblique_image_files(tmp_path: Path, same: Any, suffix: str, image: MakeImage) -> None:
    picture = image(np.float32) + 0.5
    rotation = SimpleITK.Euler3DTransform((0, 0, 0), 0.1, -0.2, 0.3)
    picture.SetDirection(rotation.GetMatrix())
    SimpleITK.WriteImage(picture, str(tmp_path / f"ct{suffix}"))
    assert "120" in same(tmp_path / f"ct{suffix}")["notes"][0]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.999])
def test_truncated_image_files(tmp_path: Path, same: Any, suffix: str, keep: float) -> None:
    noise = np.random.default_rng(0).integers(-1000, 1000, (16, 32, 32), dtype=np.int16)
    path = tmp_path / f"ct{suffix}"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(noise), str(path))
    voxels = max(tmp_path.iterdir(), key=lambda file: file.stat().st_size)
    content = voxels.read_bytes()
    voxels.write_bytes(content[: int(len(content) * keep)])
    assert same(path)["error"] == "Io"


@pytest.mark.parametrize(
    ("stated", "edit"),
    [
        (b"", lambda voxels: voxels),
        (b"CompressedDataSize = 20\n", lambda voxels: voxels),
        (None, lambda voxels: voxels[:-6]),
        (None, lambda voxels: bytes(len(voxels))),
    ],
    ids=["no size", "too small a size", "truncated", "damaged"],
)
def test_compressed_meta_images_that_are_not_whole(
    tmp_path: Path,
    same: Any,
    image: MakeImage,
    stated: bytes | None,
    edit: Callable[[bytes], bytes],
) -> None:
    path = tmp_path / "ct.mha"
    SimpleITK.WriteImage(image(), str(path), True)
    assert "error" not in same(path)
    header, voxels = path.read_bytes().split(b"LOCAL\n")
    if stated is not None:
        header, replaced = re.subn(rb"CompressedDataSize = \d+\n", stated, header)
        assert replaced == 1
    path.write_bytes(header + b"LOCAL\n" + edit(voxels))
    assert same(path)["error"] == "Io"


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("data", ["LIST\nslice1.raw\nslice2.raw\n", "slice%d.raw 1 2 1\n"])
def test_meta_images_of_a_file_a_slice(
    tmp_path: Path, same: Any, data: str, compressed: bool
) -> None:
    voxels = np.arange(6, dtype=np.int16).tobytes()
    for number in (1, 2):
        path = tmp_path / f"slice{number}.raw"
        path.write_bytes(zlib.compress(voxels) if compressed else voxels)
    (tmp_path / "ct.mhd").write_text(
        "ObjectType = Image\nNDims = 3\nDimSize = 3 2 2\nElementType = MET_SHORT\n"
        f"BinaryData = True\nCompressedData = {compressed}\nElementDataFile = {data}"
    )
    answer = same(tmp_path / "ct.mhd")
    assert answer["error"] == "BadVolume"
    assert "one file per slice" in answer["message"]


def test_meta_images_of_text(tmp_path: Path, same: Any) -> None:
    (tmp_path / "ct.mha").write_text(
        "ObjectType = Image\nNDims = 3\nDimSize = 3 2 2\nElementType = MET_SHORT\n"
        "BinaryData = False\nElementDataFile = LOCAL\n0 1 2 3 4 5 6 7 8 9 10 11\n"
    )
    answer = same(tmp_path / "ct.mha")
    assert answer["error"] == "BadVolume"
    assert "stored as text (BinaryData = False)" in answer["message"]


NRRD = (
    "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 3 2 2\n"
    "space directions: (1,0,0) (0,1,0) (0,0,1)\nkinds: domain domain domain\nendian: little\n"
    "space origin: (0,0,0)\n"
)
TWELVE = np.arange(12, dtype=np.int16).tobytes()


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def write_nrrd(folder: Path, fields: str, content: bytes, *, attached: bool) -> Path:
    """Write voxels after their header, or to a separate file."""
    path = folder / ("ct.nrrd" if attached else "ct.nhdr")
    if attached:
        path.write_bytes(f"{NRRD}{fields}\n".encode() + content)
    else:
        path.write_text(f"{NRRD}{fields}data file:  ct.data\n")
        (folder / "ct.data").write_bytes(content)
    return path


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize(
    ("fields", "content"),
    [
        ("encoding: raw\nbyte skip: 3\n", b"abc" + TWELVE),
        ("Encoding: RAW\nbyteskip: -1\n", b"abcde" + TWELVE),
        ("encoding:  raw\nbyte skip:  3\n", b"abc" + TWELVE),
        ("encoding: gzip\n", packed(TWELVE[:10]) + packed(TWELVE[10:])),
    ],
    ids=["skipped bytes", "at the end", "two blanks", "gzip of two members"],
)
@pytest.mark.parametrize("attached", [True, False])
def test_nrrd_headers_and_their_voxels(
    tmp_path: Path, same: Any, fields: str, content: bytes, attached: bool
) -> None:
    path = write_nrrd(tmp_path, fields, content, attached=attached)
    assert "error" not in same(path)


@pytest.mark.parametrize(
    ("fields", "content", "error", "message"),
    [
        ("encoding: raw", TWELVE[:-1], "Io", "contains 23 of 24 bytes"),
        ("encoding: raw\nbyte skip: 3", TWELVE, "Io", "contains 21 of 24 bytes"),
        ("encoding: gzip", packed(TWELVE)[:-9], "Io", "truncated or damaged"),
        ("encoding: gz", packed(TWELVE[:-2]), "Io", "contains 22 of 24 bytes"),
        ("encoding: ascii", b"0 1 2", "BadVolume", "the encoding of its voxels is ascii"),
        ("encoding: raw\nline skip: 1", b"x\n" + TWELVE, "BadVolume", "line skip"),
    ],
    ids=["raw", "after a skip", "end of gzip", "too few in gzip", "text", "lines"],
)
@pytest.mark.parametrize("attached", [True, False])
def test_nrrd_headers_whose_voxels_are_not_whole(
    tmp_path: Path,
    same: Any,
    fields: str,
    content: bytes,
    error: str,
    message: str,
    attached: bool,
) -> None:
    """Incomplete files are refused before ITK opens them, because it would leave them open."""
    path = write_nrrd(tmp_path, fields + "\n", content, attached=attached)
    before = open_files()
    answer = same(path)
    assert answer["error"] == error
    assert message in answer["message"]
    assert open_files() == before


def test_nrrd_header_of_nothing(tmp_path: Path, same: Any) -> None:
    (tmp_path / "ct.nhdr").write_text(f"{NRRD}encoding: raw\ndata file: ct.data\n")
    answer = same(tmp_path / "ct.nhdr")
    assert answer["error"] == "Io"
    assert "cannot be read" in answer["message"]


def test_nrrd_header_of_a_folder(tmp_path: Path, same: Any) -> None:
    (tmp_path / "ct.data").mkdir()
    (tmp_path / "ct.nhdr").write_text(f"{NRRD}encoding: raw\ndata file: ct.data\n")
    answer = same(tmp_path / "ct.nhdr")
    assert answer["error"] == "Io"
    assert "was not found" in answer["message"]


@pytest.mark.parametrize("data", ["LIST\nslice1.raw\nslice2.raw\n", "slice%d.raw 1 2 1\n"])
def test_nrrd_headers_of_a_file_a_slice(tmp_path: Path, same: Any, data: str) -> None:
    for number in (1, 2):
        (tmp_path / f"slice{number}.raw").write_bytes(TWELVE[:12])
    (tmp_path / "ct.nhdr").write_text(f"{NRRD}encoding: raw\ndata file: {data}")
    answer = same(tmp_path / "ct.nhdr")
    assert answer["error"] == "BadVolume"
    assert "one file per slice" in answer["message"]


def test_damaged_checksum(tmp_path: Path, same: Any) -> None:
    noise = np.random.default_rng(0).integers(-1000, 1000, (16, 32, 32), dtype=np.int16)
    path = tmp_path / "ct.nii.gz"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(noise), str(path))
    content = bytearray(path.read_bytes())
    content[-6] ^= 0xFF
    path.write_bytes(content)
    assert same(path)["error"] == "Io"


@pytest.mark.parametrize("suffix", [".mha", ".nii.gz", ".nrrd"])
@pytest.mark.parametrize(
    ("shape", "vector"),
    [((4, 5), False), ((2, 3, 4, 5), False), ((1, 3, 4, 5), False), ((3, 4, 5, 3), True)],
)
def test_no_scalar_volumes(
    tmp_path: Path, same: Any, suffix: str, shape: tuple[int, ...], vector: bool
) -> None:
    picture = SimpleITK.GetImageFromArray(np.zeros(shape, np.int16), isVector=vector)
    SimpleITK.WriteImage(picture, str(tmp_path / f"ct{suffix}"))
    same(tmp_path / f"ct{suffix}")


def test_voxels_that_are_no_hounsfield_units(tmp_path: Path, same: Any) -> None:
    for number, value in enumerate((np.nan, np.inf, 40000.0)):
        values = np.zeros((3, 4, 5), np.float32)
        values[1, 2, 3] = value
        path = tmp_path / f"{number}.mha"
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(path))
        assert same(path)["error"] == "BadVolume"


def test_volume_that_does_not_fit_into_memory(built: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "ct.mhd"
    path.write_text(
        "ObjectType = Image\nNDims = 3\nDimSize = 1024 1024 4096\nElementType = MET_SHORT\n"
        "BinaryData = True\nElementDataFile = ct.raw\n"
    )
    with (tmp_path / "ct.raw").open("wb") as voxels:
        voxels.truncate(2 * 1024 * 1024 * 4096)  # a hole: nothing is on the disk
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


def test_name_that_lies(tmp_path: Path, same: Any, image: MakeImage) -> None:
    SimpleITK.WriteImage(image(), str(tmp_path / "ct.mha"))
    shutil.copy(tmp_path / "ct.mha", tmp_path / "ct.nrrd")
    assert same(tmp_path / "ct.nrrd")["error"] == "Io"


def test_options_of_folders(tmp_path: Path, same: Any, image: MakeImage) -> None:
    SimpleITK.WriteImage(image(), str(tmp_path / "ct.mha"))
    assert same(tmp_path / "ct.mha", series="1.2")["error"] == "InvalidArgument"
    assert same(tmp_path / "ct.mha", resample=True)["error"] == "InvalidArgument"


def test_nifti_with_a_slope(tmp_path: Path, same: Any, image: MakeImage) -> None:
    path = tmp_path / "ct.nii"
    SimpleITK.WriteImage(image(), str(path))
    content = bytearray(path.read_bytes())
    struct.pack_into("<2f", content, 112, 0.5, -10.0)  # scl_slope, scl_inter
    path.write_bytes(content)
    assert "rounded" in same(path)["notes"][0]


@pytest.mark.parametrize("qform", [0, 1])
@pytest.mark.parametrize("sform", [0, 1, 2])
def test_nifti_by_qform_and_sform(
    tmp_path: Path, same: Any, qform: int, sform: int, image: MakeImage
) -> None:
    path = tmp_path / "ct.nii"
    SimpleITK.WriteImage(image(), str(path))
    content = bytearray(path.read_bytes())
    struct.pack_into("<2h", content, 252, qform, sform)
    path.write_bytes(content)
    # Where both are given, versions of ITK differ in whose float32 they take.
    same(path, directions_within=1e-7)


def test_negative_spacing(tmp_path: Path, same: Any, image: MakeImage) -> None:
    path = tmp_path / "ct.mhd"
    SimpleITK.WriteImage(image(), str(path))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("ElementSpacing = 0.5", "ElementSpacing = -0.5"), "utf-8")
    same(path)


@pytest.mark.parametrize("name", ["LIDC-IDRI-0001", "C3N-00247_LUNG_3.0_B70f"])
def test_reference_cts(reference: Path, same: Any, name: str) -> None:
    assert "error" not in same(reference / "ct" / name)
