"""Image files as users hand them in: named, packed and written in ways of their own.

The voxels and places are those of one volume, whose numbers are known; SimpleITK and nibabel agree
where they read the file.
"""

from __future__ import annotations

import bz2
import gzip
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK

import lungrt
from lungrt.errors import BadVolume, InvalidArgument, Io

VOXELS = np.arange(-1024, -1024 + 7 * 24, 7).reshape(2, 3, 4).astype("<i2")
AFFINE = np.array([[-0.7, 0, 0, 11], [0, 0.8, 0, 12], [0, 0, 2.5, -13], [0, 0, 0, 1.0]])
SPACING, ORIGIN = (0.7, 0.8, 2.5), (-11, -12, -13)
DIRECTION = ((1, 0, 0), (0, -1, 0), (0, 0, 1))


def assert_read(path: Path) -> lungrt.CtVolume:
    """Check voxels and geometry of a file that holds the volume."""
    volume = lungrt.read_ct(path)
    assert np.array_equal(volume.hu, VOXELS)
    np.testing.assert_allclose(volume.geometry.spacing_mm, SPACING, rtol=1e-6)
    np.testing.assert_allclose(volume.geometry.origin_mm, ORIGIN, rtol=1e-6)
    np.testing.assert_allclose(volume.geometry.direction, DIRECTION, atol=1e-6)
    return volume


def save(path: Path, kind: Any = nibabel.Nifti1Image, voxels: Any = VOXELS) -> Path:
    image = kind(voxels.T, AFFINE)
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("name", ["ct.nii", "ct.nii.gz"])
def test_versions_of_nifti(tmp_path: Path, name: str, kind: Any) -> None:
    """SimpleITK does not read version 2."""
    assert assert_read(save(tmp_path / name, kind)).notes == []


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_nifti_2_as_nibabel_reads_it(tmp_path: Path, order: str, dtype: Any) -> None:
    generator = np.random.default_rng(3)
    values = generator.integers(0, 200, (4, 5, 6)).astype(dtype)
    rotation = SimpleITK.Euler3DTransform((0, 0, 0), *generator.uniform(-3, 3, 3)).GetMatrix()
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(rotation, (3, 3)) * (0.7, 0.8, 1.25)
    affine[:3, 3] = generator.uniform(-300, 300, 3)
    header = nibabel.Nifti2Header(endianness=order)
    image = nibabel.Nifti2Image(values, affine, header, dtype=dtype)
    image.header.set_slope_inter(0.5, -100)
    path = tmp_path / "ct.nii.gz"
    image.to_filename(path)
    read: Any = nibabel.load(path)
    volume = lungrt.read_ct(path)
    assert np.abs(volume.hu - read.get_fdata().T).max() <= 0.5
    expected = nibabel.affines.apply_affine(read.affine, (3, 4, 5)) * (-1, -1, 1)
    np.testing.assert_allclose(volume.geometry.to_world((5, 4, 3)), expected, atol=1e-5)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Pair, nibabel.Nifti2Pair])
@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("asked", [".hdr", ".img"])
def test_pairs(tmp_path: Path, asked: str, suffix: str, kind: Any) -> None:
    save(tmp_path / f"ct.img{suffix}", kind)
    assert_read(tmp_path / f"ct{asked}{suffix}")


def test_pair_is_one_image_of_a_folder() -> None:
    from lungrt.io.image import IMAGE_SUFFIXES

    assert {".hdr", ".hdr.gz"} <= set(IMAGE_SUFFIXES)
    assert not any(suffix.startswith(".img") for suffix in IMAGE_SUFFIXES)


def test_analyze(tmp_path: Path) -> None:
    nibabel.save(nibabel.AnalyzeImage(VOXELS.T, np.diag([0.7, 0.8, 2.5, 1])), tmp_path / "ct.img")
    for name in ("ct.img", "ct.hdr"):
        with pytest.raises(BadVolume, match=r"Analyze 7\.5, which does not say how the patient"):
            lungrt.read_ct(tmp_path / name)


@pytest.mark.parametrize("name", ["CT.NII.GZ", "Ct.Nii.gz", "ct.nii", "CT.NII"])
def test_gzip_under_any_name(tmp_path: Path, name: str) -> None:
    shutil.copy(save(tmp_path / "source.nii.gz"), tmp_path / name)
    assert_read(tmp_path / name)


def test_no_gzip_in_spite_of_its_name(tmp_path: Path) -> None:
    shutil.copy(save(tmp_path / "source.nii"), tmp_path / "ct.nii.gz")
    assert_read(tmp_path / "ct.nii.gz")


def test_gzip_of_gzip(tmp_path: Path) -> None:
    path = save(tmp_path / "ct.nii.gz")
    path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(Io, match="it was compressed by gzip twice; unpack it once"):
        lungrt.read_ct(path)


# Headers in text.

META = (
    "ObjectType = Image\nNDims = 3\nDimSize = 4 3 2\nElementType = MET_SHORT\n"
    "ElementSpacing = 0.7 0.8 2.5\nOffset = -11 -12 -13\nTransformMatrix = 1 0 0 0 -1 0 0 0 1\n"
)
NRRD = (
    "NRRD0004\ntype: int16\ndimension: 3\nsizes: 4 3 2\nendian: little\nspace: LPS\n"
    "space directions: (0.7,0,0) (0,-0.8,0) (0,0,2.5)\nspace origin: (-11,-12,-13)\n"
)
TEXT = " ".join(map(str, VOXELS.ravel())).encode()
RAW = VOXELS.tobytes()


def write_slices(folder: Path, pack: Callable[[bytes], bytes] = bytes) -> None:
    for index, part in enumerate(VOXELS):
        (folder / f"s{index + 8:03}.bin").write_bytes(pack(part.tobytes()))


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ("encoding: gzip\n\n", gzip.compress(RAW)),
        ("encoding: gz\n\n", gzip.compress(RAW[:7]) + gzip.compress(RAW[7:])),
        ("encoding: ascii\n\n", TEXT),
        ("encoding: text\n\n", TEXT.replace(b" ", b",\n") + b"\n"),
        ("encoding: hex\n\n", RAW.hex(" ", 16).encode()),
        ("encoding: raw\nline skip: 2\nbyte skip: 3\n\n", b"a\nbc\nxyz" + RAW),
        ('encoding: raw\nspace units: "mm" "mm" "mm"\n\n', RAW),
        ("encoding: raw\ndata file: LIST\ns008.bin\ns009.bin\n", b""),
        ("encoding: raw\ndata file: LIST 3\ns008.bin\ns009.bin\n", b""),
        ("encoding: raw\ndata file: s%03d.bin 8 9 1\n", b""),
    ],
)
def test_nrrd_data(tmp_path: Path, fields: str, data: bytes) -> None:
    write_slices(tmp_path)
    path = tmp_path / "ct.nhdr"
    path.write_bytes((NRRD + fields).encode() + data)
    assert assert_read(path).notes == []
    if not fields.startswith("encoding: gz\n"):  # SimpleITK reads one member only
        assert np.array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))), VOXELS)


@pytest.mark.parametrize("name", ["bzip2", "bz2"])
@pytest.mark.parametrize("streams", [1, 2])
def test_nrrd_of_bzip2(tmp_path: Path, streams: int, name: str) -> None:
    """SimpleITK is built without it."""
    data = bz2.compress(RAW) if streams == 1 else bz2.compress(RAW[:5]) + bz2.compress(RAW[5:])
    path = tmp_path / "ct.nrrd"
    path.write_bytes(f"{NRRD}encoding: {name}\n\n".encode() + data)
    assert_read(path)


def test_large_volume_of_bzip2(tmp_path: Path) -> None:
    """More than a block of bzip2, and than any buffer of the reader, holds."""
    noise = np.random.default_rng(0).integers(-1024, 3000, (40, 128, 128), dtype=np.int16)
    header = NRRD.replace("4 3 2", "128 128 40") + "encoding: bzip2\n\n"
    (tmp_path / "ct.nrrd").write_bytes(header.encode() + bz2.compress(noise.tobytes()))
    assert np.array_equal(lungrt.read_ct(tmp_path / "ct.nrrd").hu, noise)


def test_bzip2_without_its_library(tmp_path: Path) -> None:
    (tmp_path / "ct.nrrd").write_bytes(f"{NRRD}encoding: bzip2\n\n".encode() + bz2.compress(RAW))
    for name in ("libbz2.so.1.0", "libbz2.so.1"):
        (tmp_path / name).write_bytes(b"no library")
    code = "import lungrt, sys; lungrt.read_ct(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "ct.nrrd"],
        env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "compressed by bzip2, whose library was not found; install libbz2" in done.stderr


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "field", ["LIST\ns008.bin\ns009.bin\n", "LIST 2\ns008.bin\ns009.bin\n", "s%03d.bin 8 9 1\n"]
)
def test_meta_image_of_slices(tmp_path: Path, field: str, packed: bool) -> None:
    import zlib

    write_slices(tmp_path, zlib.compress if packed else bytes)
    path = tmp_path / "ct.mhd"
    path.write_text(f"{META}CompressedData = {packed}\nElementDataFile = {field}")
    assert assert_read(path).notes == []
    if not packed:
        assert np.array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))), VOXELS)


def test_meta_image_of_text(tmp_path: Path) -> None:
    path = tmp_path / "ct.mha"
    path.write_bytes(f"{META}BinaryData = False\nElementDataFile = LOCAL\n".encode() + TEXT + b"\n")
    assert_read(path)
    assert np.array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))), VOXELS)


# One volume, or several.


def four_dimensional(folder: Path, volumes: int) -> dict[str, Path]:
    data = RAW * volumes
    meta = (
        META.replace("NDims = 3", "NDims = 4")
        .replace("4 3 2\n", f"4 3 2 {volumes}\n")
        .replace("0.7 0.8 2.5", "0.7 0.8 2.5 1")
        .replace("-11 -12 -13", "-11 -12 -13 0")
        .replace("1 0 0 0 -1 0 0 0 1", "1 0 0 0 0 -1 0 0 0 0 1 0 0 0 0 1")
    )
    paths = {suffix: folder / f"ct.{suffix}" for suffix in ("mha", "nrrd", "nii")}
    paths["mha"].write_bytes(meta.encode() + b"ElementDataFile = LOCAL\n" + data)
    nrrd = NRRD.replace("dimension: 3", "dimension: 4").replace("4 3 2\n", f"4 3 2 {volumes}\n")
    nrrd = nrrd.replace("(0,0,2.5)", "(0,0,2.5) none") + "encoding: raw\n\n"
    paths["nrrd"].write_bytes(nrrd.encode() + data)
    save(paths["nii"], voxels=np.stack([VOXELS] * volumes))
    return paths


@pytest.mark.parametrize("suffix", ["mha", "nrrd", "nii"])
def test_four_dimensions(tmp_path: Path, suffix: str) -> None:
    assert_read(four_dimensional(tmp_path, 1)[suffix])
    with pytest.raises(BadVolume, match=r"4 dimensions .* It holds 3 volumes"):
        lungrt.read_ct(four_dimensional(tmp_path, 3)[suffix])


# More or fewer voxels than the header says.


def nifti_of(data: bytes) -> bytes:
    return nibabel.Nifti1Image(VOXELS.T, AFFINE).to_bytes()[:352] + data


def containers(folder: Path, data: bytes) -> dict[str, Path]:
    """Files of every kind whose header is right and that hold the bytes."""
    import zlib

    (folder / "ct.raw").write_bytes(data)
    (folder / "ct.raw.gz").write_bytes(gzip.compress(data))
    (folder / "ct.zraw").write_bytes(zlib.compress(data))
    header = nibabel.Nifti1Pair(VOXELS.T, AFFINE)
    header.to_filename(folder / "pair.hdr")
    (folder / "pair.img").write_bytes(data)
    contents = {
        "local.mha": META.encode() + b"ElementDataFile = LOCAL\n" + data,
        "packed.mha": META.encode()
        + b"CompressedData = True\nElementDataFile = LOCAL\n"
        + zlib.compress(data),
        "detached.mhd": META.encode() + b"ElementDataFile = ct.raw\n",
        "at_end.mhd": META.encode() + b"HeaderSize = -1\nElementDataFile = ct.raw\n",
        "packed.mhd": META.encode() + b"CompressedData = True\nElementDataFile = ct.zraw\n",
        "raw.nrrd": f"{NRRD}encoding: raw\n\n".encode() + data,
        "packed.nrrd": f"{NRRD}encoding: gzip\n\n".encode() + gzip.compress(data),
        "bzip2.nrrd": f"{NRRD}encoding: bzip2\n\n".encode() + bz2.compress(data),
        "hex.nrrd": f"{NRRD}encoding: hex\n\n".encode() + data.hex().encode(),
        "detached.nhdr": f"{NRRD}encoding: raw\ndata file: ct.raw\n".encode(),
        "packed.nhdr": f"{NRRD}encoding: gzip\ndata file: ct.raw.gz\n".encode(),
        "ct.nii": nifti_of(data),
        "ct.nii.gz": gzip.compress(nifti_of(data)),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: folder / name for name in [*contents, "pair.hdr"]}


KINDS = (
    *("local.mha", "packed.mha", "detached.mhd", "at_end.mhd", "packed.mhd", "raw.nrrd"),
    *("packed.nrrd", "bzip2.nrrd", "hex.nrrd", "detached.nhdr", "packed.nhdr", "ct.nii"),
    *("ct.nii.gz", "pair.hdr"),
)


@pytest.mark.parametrize("name", KINDS)
def test_more_or_fewer_voxels(tmp_path: Path, name: str) -> None:
    """Such as voxels of 32 bits under a header of 16: read, they would be noise."""
    assert_read(containers(tmp_path, RAW)[name])
    wide, one_slice_more = VOXELS.astype("<i4").tobytes(), RAW + RAW[:24]
    for data in (wide, one_slice_more):
        path = containers(tmp_path, data)[name]
        said = f"contains {len(data)} bytes of voxels, but the header says 48"
        with pytest.raises(BadVolume, match=said):
            lungrt.read_ct(path)
    with pytest.raises(Io, match=r"truncated"):
        lungrt.read_ct(containers(tmp_path, RAW[:-2])[name])


@pytest.mark.parametrize("name", [name for name in KINDS if name != "at_end.mhd"])
def test_one_byte_more(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadVolume, match="contains 49 bytes of voxels, but the header says 48"):
        lungrt.read_ct(containers(tmp_path, RAW + b"\n")[name])


# Voxels that are no numbers, or too large.


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 40000.0])
@pytest.mark.parametrize("suffix", ["array", "sitk", "nii", "nii.gz", "mha", "nrrd", "txt.nrrd"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_rule_for_voxels_that_are_no_hounsfield_units(
    tmp_path: Path, suffix: str, value: float, dtype: Any
) -> None:
    """They are refused wherever they come from: whether they are air, only the user knows."""
    voxels = VOXELS.astype(dtype)
    voxels[1, 2, 1:] = value
    image = SimpleITK.GetImageFromArray(voxels)
    path = tmp_path / f"ct.{suffix}"
    if suffix == "txt.nrrd":
        kind = "float" if dtype == np.float32 else "double"
        words = " ".join(map(str, voxels.ravel()))
        path.write_text(NRRD.replace("int16", kind) + f"encoding: text\n\n{words}")
    elif suffix.startswith("nii"):
        save(path, voxels=voxels)
    elif suffix in ("mha", "nrrd"):
        SimpleITK.WriteImage(image, str(path))
    said = r"voxel \(slice 1, row 2, column 1\) is .*, and 2 others of 24 voxels do not fit either"
    advice = "rescale the volume" if value == 40000 else r"replace .* -1024 \(air\)"
    readers: dict[str, Callable[[], lungrt.CtVolume]] = {
        "array": lambda: lungrt.CtVolume(voxels, lungrt.Geometry((0, 0, 0), SPACING)),
        "sitk": lambda: lungrt.from_sitk(image),
    }
    with pytest.raises(BadVolume, match=f"{said}; {advice}"):
        readers.get(suffix, lambda: lungrt.read_ct(path))()


def test_stored_values_without_a_scale(tmp_path: Path) -> None:
    """A slope and intercept of 0 mean that nothing is scaled: what is stored is what is read."""
    stored = (VOXELS.astype(int) + 1024).astype(np.uint16)
    content = bytearray(nibabel.Nifti1Image(stored.T, AFFINE).to_bytes())
    struct.pack_into("<2f", content, 112, 0, 0)
    path = tmp_path / "u16_stored_values.nii"
    path.write_bytes(content)
    image: Any = nibabel.load(path)
    volume = lungrt.read_ct(path)
    assert np.array_equal(volume.hu, stored)
    assert np.array_equal(volume.hu, image.get_fdata().T)
    assert volume.hu.min() == 0


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("uint16", 32768, "32768"),
        ("int32", -32769, "-32769"),
        ("int64", -(2**40), "-1099511627776"),
        ("uint64", 2**63, "9.22337e+18"),
    ],
)
def test_integers_beyond_int16(tmp_path: Path, kind: str, value: int, said: str) -> None:
    voxels = np.zeros((2, 3, 4), kind)
    voxels[1, 0, 2] = value
    path = tmp_path / "ct.nrrd"
    header = NRRD.replace("int16", kind) + "encoding: raw\n\n"
    path.write_bytes(header.encode() + voxels.tobytes())
    message = f"voxel (slice 1, row 0, column 2) is {said}, expected Hounsfield units"
    with pytest.raises(BadVolume, match=re.escape(message)):
        lungrt.read_ct(path)


# Kinds that are not read are named.


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ct.gipl", "a GIPL image; convert it"),
        ("ct.vtk", "a VTK image; convert it"),
        ("CT.MNC", "a MINC image; convert it"),
        ("ct.mgz", "a FreeSurfer image"),
        ("ct.npy", "an array of NumPy; load it in Python"),
        ("ct.raw", "voxels without a header; pass the header beside it"),
        ("ct.mha.gz", "a file that was compressed as a whole; unpack it first"),
    ],
)
def test_other_formats(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InvalidArgument, match=f"by its name, it is {said}"):
        lungrt.read_ct(tmp_path / name)
