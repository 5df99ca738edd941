"""Image files: voxels and geometry are those that SimpleITK and nibabel read."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

import lungrt
from lungrt.errors import BadVolume, Io

MakeImage = Callable[..., SimpleITK.Image]
SUFFIXES = (".mhd", ".mha", ".nii", ".nii.gz", ".nrrd", ".nhdr")
TYPES = (
    *(np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64),
    *(np.float32, np.float64),
)
VOXELS = np.arange(-12, 12).reshape(2, 3, 4)


def assert_simpleitk_agrees(path: Path) -> lungrt.CtVolume:
    """Read a file with both, compare, and return the volume."""
    image = SimpleITK.ReadImage(str(path))
    volume = lungrt.read_ct(path)
    assert np.array_equal(volume.hu, np.rint(SimpleITK.GetArrayFromImage(image)))
    assert volume.geometry.origin_mm == image.GetOrigin()
    assert volume.geometry.spacing_mm == image.GetSpacing()
    assert np.ravel(volume.geometry.direction).tolist() == list(image.GetDirection())
    return volume


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_types(
    tmp_path: Path, suffix: str, dtype: type[np.generic], compressed: bool, image: MakeImage
) -> None:
    path = tmp_path / f"ct{suffix}"
    SimpleITK.WriteImage(image(dtype), str(path), compressed)
    volume = assert_simpleitk_agrees(path)
    assert np.array_equal(volume.hu.ravel(), np.arange(120))
    assert volume.notes == []


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_oblique_images_of_fractions(
    tmp_path: Path, suffix: str, seed: int, image: MakeImage
) -> None:
    generator = np.random.default_rng(seed)
    picture = image(np.float32) + 0.5
    rotation = SimpleITK.Euler3DTransform((0, 0, 0), *generator.uniform(-3, 3, 3))
    direction = np.reshape(rotation.GetMatrix(), (3, 3))
    if seed % 2:
        direction[:, 2] *= -1  # left-handed
    picture.SetDirection(direction.ravel().tolist())
    picture.SetOrigin(generator.uniform(-300, 300, 3).tolist())
    path = tmp_path / f"ct{suffix}"
    SimpleITK.WriteImage(picture, str(path))
    assert "120 voxels were not whole" in assert_simpleitk_agrees(path).notes[0]


def meta_image(fields: str, *, element: str = "MET_SHORT", order: str = "<") -> bytes:
    values = VOXELS.astype({"MET_SHORT": "i2", "MET_LONG": "i4", "MET_ASCII_CHAR": "i1"}[element])
    header = f"ObjectType = Image\nNDims = 3\nDimSize = 4 3 2\nElementType = {element}\n{fields}"
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    return header.encode() + b"ElementDataFile = LOCAL\n" + data


QUARTER, OTHER = "0 1 0 -1 0 0 0 0 1", "1 0 0 0 0 1 0 1 0"


@pytest.mark.parametrize(
    "content",
    [
        meta_image(f"TransformMatrix = {QUARTER}\nOffset = 1 2.5 -3e1\n"),
        meta_image(f"Orientation = {QUARTER}\nPosition = 4 5 6\n"),
        meta_image(
            f"Rotation = {OTHER}\nOrientation = {QUARTER}\nPosition = 4 5 6\nOffset = 1 2 3\n"
        ),
        meta_image(
            f"Rotation = {OTHER}\nTransformMatrix = {QUARTER}\nOffset = 1 2 3\nOrigin = 7 8 9\n"
        ),
        meta_image("ElementSize = 2 3 4\n"),
        meta_image("ElementSize = 2 3 4\nElementSpacing = 5 6 7\n"),
        meta_image(f"ElementSpacing = -1 1 -2\nTransformMatrix = {QUARTER}\n"),
        meta_image("Offset : 1 2 3\nno field\nComment Offset\nComment = a = b\noffset = 9 9 9\n"),
        meta_image("Offset = 9 9 9\nOffset = 1 2 3\n"),
        meta_image("BinaryDataByteOrderMSB = True\n", order=">"),
        meta_image("ElementByteOrderMSB = 1\n", order=">"),
        meta_image("BinaryDataByteOrderMSB = False\nElementByteOrderMSB = True\n"),
        meta_image("", element="MET_LONG"),
        meta_image("", element="MET_ASCII_CHAR"),
        meta_image("DistanceUnits = mm\nAnatomicalOrientation = LPI\nCenterOfRotation = 1 1 1\n"),
        meta_image("Comment = a CT\nAnatomicalOrientation = RAI\nModality = MET_MOD_CT\n"),
        meta_image("ElementMin = -12\nElementMax = 11\nElementNBits = 16\nID = 0\nName = x\n"),
        meta_image("HeaderSize = -1\n"),
        meta_image("Offset = 1 2 3\n").replace(b" = ", b"=", 5),
        b"\n".join(meta_image("").split(b"\n", 5)).replace(b"\n", b"\r\n", 5),
    ],
)
def test_meta_image_headers(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ct.mha"
    path.write_bytes(content)
    assert np.array_equal(assert_simpleitk_agrees(path).hu, VOXELS)


@pytest.mark.parametrize("place", ["", "sub/", "{folder}/"])
def test_meta_image_with_voxels_elsewhere(tmp_path: Path, place: str) -> None:
    (tmp_path / "sub").mkdir()
    data = place.format(folder=tmp_path) + "my voxels.raw"
    (tmp_path / data).write_bytes(VOXELS.astype("<i2").tobytes())
    header = meta_image("").split(b"ElementDataFile")[0]
    (tmp_path / "ct.mhd").write_bytes(header + f"ElementDataFile = {data}\n".encode())
    assert np.array_equal(assert_simpleitk_agrees(tmp_path / "ct.mhd").hu, VOXELS)


DIRECTIONS = "space directions: (0,2,0) (-3,0,0) (0,0,4)\nspace origin: (1,2,3)\n"


def nrrd(
    fields: str,
    *,
    kind: str = "short",
    order: str = "little",
    dims: str = "3",
    sizes: str = "4 3 2",
) -> bytes:
    letter = {"little": "<", "big": ">"}[order]
    header = f"NRRD0005\ntype: {kind}\ndimension: {dims}\nsizes: {sizes}\nendian: {order}\n"
    return f"{header}encoding: raw\n{fields}\n".encode() + VOXELS.astype(f"{letter}i2").tobytes()


@pytest.mark.parametrize(
    "content",
    [
        *(
            nrrd(f"space: {space}\n{DIRECTIONS}")
            for space in (
                *("left-posterior-superior", "LPS", "right-anterior-superior", "ras"),
                *("left-anterior-superior", "LAS", "scanner-xyz", "3D-right-handed"),
            )
        ),
        nrrd(f"space dimension: 3\n{DIRECTIONS}"),
        nrrd(f"space: LPS\nmeasurement frame: (1,0,0) (0,1,0) (0,0,1)\n{DIRECTIONS}"),
        nrrd("space: LPS\nspace directions:  (0, 2,0)  (-3,0,0)(0,0,4) \n"),
        nrrd("space: LPS\nspace directions: (0,2,0) (-3,0,0) none\n"),
        nrrd("space: LPS\n"),
        nrrd("space: LPS\nspace origin: (10,20,30)\n"),
        nrrd("space: RAS\nspace origin: (10,20,30)\n"),
        nrrd("space dimension: 3\nspace origin: (10,20,30)\n"),
        nrrd("space: RAS\nspacings: nan nan nan\n"),
        nrrd("space: LPS\nspace origin: (nan,nan,nan)\n"),
        nrrd(""),
        nrrd("spacings: 1 2.5 3e0\n"),
        nrrd("spacings: 1 nan 3\n"),
        nrrd("spacings: 1 -2 3\n"),
        nrrd("spacings: 1 2 3\naxis mins: 5 6 7\n"),
        nrrd("spacings: 1 2 3\naxis mins: 5 6 7\ncenterings: cell node ???\n"),
        nrrd("axis mins: 5 6 7\naxis maxs: 8 8 8\ncenters: node cell node\n"),
        nrrd("kinds: space time ???\n"),
        nrrd(
            f"kinds: list domain domain domain\nspace: LPS\n{DIRECTIONS}".replace(
                ": (0", ": none (0"
            ),
            dims="4",
            sizes="1 4 3 2",
        ),
        nrrd("kinds: domain stub domain domain\nspacings: 1 9 2 3\n", dims="4", sizes="4 1 3 2"),
        *(nrrd("", kind=kind) for kind in ("int16", "signed short int", "SHORT", "int16_t")),
        nrrd("", order="big"),
        nrrd("# a comment: of it\nkey:=value: 1\ncontent: a chest\nsample units: HU\nmin: 3\n"),
        nrrd('space: LPS\nspace units: "mm" "mm" "mm"\nold min: -1024\nold max: 3071\n'),
    ],
)
def test_nrrd_headers(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ct.nrrd"
    path.write_bytes(content)
    assert np.array_equal(assert_simpleitk_agrees(path).hu, VOXELS)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("space: RAS\nspacings: 1 2 3\n", "both a space and spacings"),
        (f"space: LPS\n{DIRECTIONS}axis maxs: 1 2 3\n", "both a space and axismaxs"),
        (f"space: LPS\n{DIRECTIONS}spacings: 1 2 3\n", "both a space and spacings"),
        (DIRECTIONS, "'spacedirections' but no space"),
        ("space origin: (1,2,3)\n", "'spaceorigin' but no space"),
        ("space: LPS\nspace origin: (nan,2,3)\n", "all numbers or none are NaN"),
        ("space: LPS\nspace directions: (1,0,nan) (0,1,0) (0,0,1)\n", "all numbers or none"),
        ("spacings: 1 2 3\ncenterings: cell node\n", "expected 3 centerings"),
        ("centers: cell cell cell\ncenterings: cell cell cell\n", "both centers and centerings"),
    ],
)
def test_nrrd_headers_that_simpleitk_refuses_too(tmp_path: Path, fields: str, reason: str) -> None:
    path = tmp_path / "ct.nrrd"
    path.write_bytes(nrrd(fields))
    with pytest.raises(RuntimeError):
        SimpleITK.ReadImage(str(path))
    with pytest.raises(Io, match=reason):
        lungrt.read_ct(path)


def test_nrrd_field_whose_value_looks_like_a_key(tmp_path: Path) -> None:
    (tmp_path / "x:=y").write_bytes(VOXELS.astype("<i2").tobytes())
    path = tmp_path / "ct.nhdr"
    path.write_bytes(nrrd(f"data file: {tmp_path}/x:=y\n").split(b"\n\n")[0] + b"\n")
    assert np.array_equal(assert_simpleitk_agrees(path).hu, VOXELS)


@pytest.mark.parametrize(
    "kind",
    [
        *("signed char", "int8", "int8_t", "uchar", "unsigned char", "uint8", "uint8_t"),
        *("short", "short int", "signed short", "ushort", "unsigned short", "unsigned short int"),
        *("uint16", "uint16_t", "int", "signed int", "int32", "int32_t", "uint", "unsigned int"),
        *("uint32", "uint32_t", "longlong", "long long", "long long int", "signed long long"),
        *("signed long long int", "int64", "int64_t", "ulonglong", "unsigned long long"),
        *("unsigned long long int", "uint64", "uint64_t", "float", "double"),
    ],
)
def test_names_of_nrrd_types(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "ct.nrrd"
    header = nrrd("", kind=kind).split(b"\n\n")[0] + b"\n\n"
    path.write_bytes(header + bytes(24 * 8))
    image = SimpleITK.ReadImage(str(path))
    values = np.arange(24).astype(SimpleITK.GetArrayFromImage(image).dtype)
    path.write_bytes(header + values.tobytes())
    assert np.array_equal(assert_simpleitk_agrees(path).hu.ravel(), np.arange(24))


AFFINE = np.array([[0, -3, 0, 5], [2, 0, 0, 6], [0, 0, 4, 7], [0, 0, 0, 1.0]])


def tilted(seed: int, *, left_handed: bool = False) -> NDArray[np.float64]:
    """Return an oblique affine map to RAS."""
    generator = np.random.default_rng(seed)
    rotation = np.reshape(
        SimpleITK.Euler3DTransform((0, 0, 0), *generator.uniform(-3, 3, 3)).GetMatrix(), (3, 3)
    )
    affine = np.eye(4)
    affine[:3, :3] = rotation * generator.uniform(0.5, 3, 3) * (1, 1, -1 if left_handed else 1)
    affine[:3, 3] = generator.uniform(-300, 300, 3)
    return affine


def write_nifti(
    path: Path,
    affine: NDArray[np.float64] = AFFINE,
    *,
    dtype: Any = np.int16,
    order: str = "<",
    qform: int = 1,
    sform: int = 1,
    edit: Callable[[Any], None] = lambda header: None,
) -> Any:
    """Write a file with nibabel, and return what nibabel reads of it."""
    voxels = VOXELS.T.astype(dtype)
    image = nibabel.Nifti1Image(voxels, None, nibabel.Nifti1Header(endianness=order), dtype=dtype)
    image.set_qform(affine, qform)
    image.set_sform(affine, sform)
    edit(image.header)
    nibabel.save(image, path)
    return nibabel.load(path)


def assert_nibabel_agrees(path: Path, volume: lungrt.CtVolume) -> None:
    image: Any = nibabel.load(path)
    # It computes in float64, SimpleITK and lungrt in float32, so that halves may differ.
    assert np.abs(volume.hu - image.get_fdata().T).max() <= 0.5 + 1e-6
    for index in np.ndindex(2, 2, 2):
        place = np.multiply(index, (3, 2, 1))  # column, row, slice
        expected = nibabel.affines.apply_affine(image.affine, place) * (-1, -1, 1)
        np.testing.assert_allclose(volume.geometry.to_world(place[::-1]), expected, atol=1e-3)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("dtype", [t for t in TYPES if not np.issubdtype(t, np.unsignedinteger)])
def test_nifti_types(tmp_path: Path, dtype: type[np.generic], suffix: str, order: str) -> None:
    path = tmp_path / f"ct{suffix}"
    write_nifti(path, dtype=dtype, order=order)
    volume = assert_simpleitk_agrees(path)
    assert_nibabel_agrees(path, volume)
    assert np.array_equal(volume.hu, VOXELS)


@pytest.mark.parametrize("left_handed", [False, True])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("qform", "sform"), [(1, 0), (0, 1), (0, 2), (1, 1), (2, 1), (1, 2), (1, 4), (3, 3)]
)
def test_nifti_forms(tmp_path: Path, qform: int, sform: int, seed: int, left_handed: bool) -> None:
    path = tmp_path / "ct.nii"
    write_nifti(path, tilted(seed, left_handed=left_handed), qform=qform, sform=sform)
    image, volume = SimpleITK.ReadImage(str(path)), lungrt.read_ct(path)
    # Where qform and sform agree to 1e-4, either may be taken.
    np.testing.assert_allclose(volume.geometry.origin_mm, image.GetOrigin(), atol=1e-4)
    np.testing.assert_allclose(volume.geometry.spacing_mm, image.GetSpacing())
    np.testing.assert_allclose(np.ravel(volume.geometry.direction), image.GetDirection(), atol=1e-5)
    assert_nibabel_agrees(path, volume)


@pytest.mark.parametrize("sform", [1, 2])
def test_forms_that_differ(tmp_path: Path, sform: int) -> None:
    """The sform counts if it is the scanner's, else the qform, as for SimpleITK."""
    path = tmp_path / "ct.nii"

    def edit(header: Any) -> None:
        header.set_qform(tilted(7), 1)
        header["pixdim"][1:4] = (2, 3, 4)

    write_nifti(path, sform=sform, edit=edit)
    volume = assert_simpleitk_agrees(path)
    is_sform = np.allclose(volume.geometry.origin_mm, (-5, -6, 7))
    assert is_sform == (sform == 1)


def test_skewed_sform(tmp_path: Path) -> None:
    skewed = AFFINE.copy()
    skewed[0, 0] = 0.5
    path = tmp_path / "ct.nii"
    write_nifti(path, skewed)
    assert_simpleitk_agrees(path)  # by the qform
    write_nifti(path, skewed, qform=0)
    with pytest.raises(RuntimeError, match="orthonormal"):
        SimpleITK.ReadImage(str(path))
    with pytest.raises(BadVolume, match="the axes of its sform are not perpendicular"):
        lungrt.read_ct(path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda header: header.set_xyzt_units("meter"),
        lambda header: header.set_xyzt_units("micron"),
        lambda header: header.set_intent("label"),
        lambda header: header["pixdim"].__setitem__(slice(1, 4), (0, np.inf, np.nan)),
        lambda header: header["pixdim"].__setitem__(0, 0),
        lambda header: header["dim"].__setitem__(slice(0, 6), (5, 4, 3, 2, 1, 1)),
        lambda header: header["dim"].__setitem__(slice(4, 8), (9, 9, 9, 9)),
        lambda header: header["bitpix"].__setitem__((), 8),
    ],
)
@pytest.mark.parametrize("qform", [0, 1])
def test_nifti_headers(tmp_path: Path, edit: Callable[[Any], None], qform: int) -> None:
    path = tmp_path / "ct.nii"
    write_nifti(path, qform=qform, sform=1 - qform)
    edit_header(path, edit)
    if qform == 0 and not np.array_equal(nibabel_pixdim(path), (2, 3, 4)):
        with pytest.raises(BadVolume, match="have steps of 2 3 4, but its pixdim says"):
            lungrt.read_ct(path)
    else:
        assert np.array_equal(assert_simpleitk_agrees(path).hu, VOXELS)


def edit_header(path: Path, edit: Callable[[Any], None]) -> None:
    """Edit the header of a file without the checks of nibabel."""
    content = bytearray(path.read_bytes())
    header = nibabel.Nifti1Header(bytes(content[:348]), check=False)
    edit(header)
    content[:348] = header.binaryblock
    path.write_bytes(content)


def nibabel_pixdim(path: Path) -> NDArray[np.float32]:
    header: Any = nibabel.Nifti1Header(path.read_bytes()[:348], check=False)
    return np.array(header["pixdim"][1:4])


@pytest.mark.parametrize("qform", [0, 1])
@pytest.mark.parametrize(
    ("pixdim", "said"),
    [((1, 1, 1), "1 1 1"), ((0.7, -0.7, 1), "0.7 -0.7 1"), ((0.7, 0.702, 1), "0.7 0.702 1")],
)
def test_sform_of_another_scale(
    tmp_path: Path, pixdim: tuple[float, ...], said: str, qform: int
) -> None:
    """SimpleITK takes the spacing from pixdim and nibabel from the sform: one of them is wrong."""
    path = tmp_path / "ct.nii"
    write_nifti(path, np.diag([0.7, 0.7, 1, 1]), qform=qform)

    def edit(header: Any) -> None:
        header["pixdim"][1:4] = pixdim

    edit_header(path, edit)
    with pytest.raises(BadVolume, match=f"steps of 0.7 0.7 1, but its pixdim says {said};"):
        lungrt.read_ct(path)


def test_pixdim_that_was_rounded(tmp_path: Path) -> None:
    path = tmp_path / "ct.nii"
    write_nifti(path, np.diag([0.7031, 0.7031, 1, 1]))

    def edit(header: Any) -> None:
        header["pixdim"][1:4] = (0.703, 0.703, 1)

    edit_header(path, edit)
    assert lungrt.read_ct(path).geometry.spacing_mm == pytest.approx((0.703, 0.703, 1))


def test_affine_of_nibabel(tmp_path: Path) -> None:
    """What nibabel writes from voxels and an affine alone."""
    path = tmp_path / "ct.nii.gz"
    nibabel.save(nibabel.Nifti1Image(VOXELS.T.astype(np.int16), tilted(3)), path)
    assert_nibabel_agrees(path, lungrt.read_ct(path))


def test_nifti_without_forms(tmp_path: Path) -> None:
    write_nifti(tmp_path / "ct.nii", qform=0, sform=0)
    volume = assert_simpleitk_agrees(tmp_path / "ct.nii")
    assert volume.geometry == lungrt.Geometry((0, 0, 0), (2, 3, 4))


@pytest.mark.parametrize(
    ("slope", "intercept"),
    [(0.5, -10), (2, 0), (1, 5), (0, 0), (np.nan, np.nan), (1, np.nan), (-1, -24), (0.1, 0.3)],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
def test_nifti_with_a_slope(
    tmp_path: Path, dtype: type[np.generic], slope: float, intercept: float
) -> None:
    path = tmp_path / "ct.nii"
    voxels = np.arange(24).reshape(2, 3, 4).T.astype(dtype)
    nibabel.save(nibabel.Nifti1Image(voxels, AFFINE, dtype=dtype), path)
    content = bytearray(path.read_bytes())
    struct.pack_into("<2f", content, 112, slope, intercept)
    path.write_bytes(content)
    volume = assert_simpleitk_agrees(path)
    if slope != 0 and np.isfinite(slope) and np.isfinite(intercept):
        assert_nibabel_agrees(path, volume)


@pytest.mark.parametrize("ending", [b"", bytes(1000)])
@pytest.mark.parametrize("cut", [100, 352, 370])
def test_nifti_of_several_gzip_members(tmp_path: Path, cut: int, ending: bytes) -> None:
    """As `bgzip` writes them. SimpleITK reads voxels 0 of such files without an error."""
    write_nifti(tmp_path / "ct.nii")
    content = (tmp_path / "ct.nii").read_bytes()
    path = tmp_path / "members.nii.gz"
    path.write_bytes(gzip.compress(content[:cut]) + gzip.compress(content[cut:]) + ending)
    volume = lungrt.read_ct(path)
    assert np.array_equal(volume.hu, VOXELS)
    assert_nibabel_agrees(path, volume)


@pytest.mark.parametrize("suffix", [".mha", ".nii.gz", ".nrrd"])
def test_large_random_volumes(tmp_path: Path, suffix: str) -> None:
    """More than any buffer of the reader holds."""
    noise = np.random.default_rng(0).integers(-1024, 3000, (40, 128, 128), dtype=np.int16)
    path = tmp_path / f"ct{suffix}"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(noise), str(path), True)
    assert np.array_equal(assert_simpleitk_agrees(path).hu, noise)


@pytest.mark.parametrize("wbits", [15, 31])
def test_compressed_meta_image_of_zlib_or_gzip(tmp_path: Path, wbits: int) -> None:
    packer = zlib.compressobj(wbits=wbits)
    data = packer.compress(VOXELS.astype("<i2").tobytes()) + packer.flush()
    header = meta_image(f"CompressedData = True\nCompressedDataSize = {len(data)}\n")
    path = tmp_path / "ct.mha"
    path.write_bytes(header.split(b"LOCAL\n")[0] + b"LOCAL\n" + data)
    assert np.array_equal(assert_simpleitk_agrees(path).hu, VOXELS)


@pytest.mark.parametrize("suffix", [".mha", ".nii.gz", ".nrrd"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 40000.0, -32769.0])
def test_voxels_that_are_no_hounsfield_units(tmp_path: Path, suffix: str, value: float) -> None:
    values = np.zeros((3, 4, 5), np.float32)
    values[1, 2, 3] = value
    path = tmp_path / f"ct{suffix}"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(path))
    with pytest.raises(BadVolume, match=rf"ct{suffix}: voxel \(slice 1, row 2, column 3\) is"):
        lungrt.read_ct(path)
