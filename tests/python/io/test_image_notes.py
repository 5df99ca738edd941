"""What was assumed about an image file is said in the volume's notes, and nothing else is."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK

import lungrt
from lungrt.errors import BadVolume

VOXELS = np.arange(24, dtype="<i2").reshape(2, 3, 4)
AFFINE = np.diag([-0.7, -0.8, 2.5, 1])
SPACING, UNIT = (0.7, 0.8, 2.5), (1, 1, 1)
META = "NDims = 3\nDimSize = 4 3 2\nElementType = MET_SHORT\n"
NRRD = "NRRD0004\ntype: int16\ndimension: 3\nsizes: 4 3 2\nendian: little\nencoding: raw\n"
PLACED = "TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 1 2 3\n"
DIRECTIONS = "space directions: (0.7,0,0) (0,0.8,0) (0,0,2.5)\n"
ORIGIN = "space origin: (1,2,3)\n"
LOST, NO_SPACING = "exactly 1 mm along all axes", "does not state the spacing of all axes"
NO_ORIENTATION, NO_POSITION = "does not say how the patient lies", "where the first voxel lies"


def assert_notes(
    volume: lungrt.CtVolume, spacing: tuple[float, ...], *expected: str
) -> lungrt.CtVolume:
    assert np.array_equal(volume.hu, VOXELS)
    np.testing.assert_allclose(volume.geometry.spacing_mm, spacing, rtol=1e-6)
    assert len(volume.notes) == len(expected), volume.notes
    for note, words in zip(volume.notes, expected, strict=True):
        assert words in note
    return volume


@pytest.mark.parametrize(
    ("fields", "spacing", "expected"),
    [
        (PLACED + "ElementSpacing = 0.7 0.8 2.5\n", SPACING, ()),
        (PLACED + "ElementSize = 0.7 0.8 2.5\n", SPACING, ()),
        (PLACED + "ElementSpacing = 1 1 1\n", UNIT, (LOST,)),
        (PLACED, UNIT, (NO_SPACING,)),
        ("Offset = 1 2 3\nElementSpacing = 0.7 0.8 2.5\n", SPACING, (NO_ORIENTATION,)),
        (
            "Orientation = 1 0 0 0 1 0 0 0 1\nElementSpacing = 0.7 0.8 2.5\n",
            SPACING,
            (NO_POSITION,),
        ),
        ("", UNIT, (NO_ORIENTATION, NO_SPACING, NO_POSITION)),
    ],
)
def test_meta_image(
    tmp_path: Path, fields: str, spacing: tuple[float, ...], expected: tuple[str, ...]
) -> None:
    path = tmp_path / "ct.mha"
    path.write_bytes(f"{META}{fields}ElementDataFile = LOCAL\n".encode() + VOXELS.tobytes())
    volume = assert_notes(lungrt.read_ct(path), spacing, *expected)
    assert volume.geometry.direction == ((1, 0, 0), (0, 1, 0), (0, 0, 1))


@pytest.mark.parametrize(
    ("fields", "spacing", "expected"),
    [
        (f"space: LPS\n{DIRECTIONS}{ORIGIN}", SPACING, ()),
        (f"space: RAS\n{DIRECTIONS}{ORIGIN}", SPACING, ()),
        (f"space: LPS\nspace directions: (1,0,0) (0,1,0) (0,0,1)\n{ORIGIN}", UNIT, (LOST,)),
        (f"space: LPS\n{ORIGIN}", UNIT, (NO_ORIENTATION, NO_SPACING)),
        (f"space: LPS\n{DIRECTIONS}", SPACING, (NO_POSITION,)),
        (f"space: scanner-xyz\n{DIRECTIONS}{ORIGIN}", SPACING, (NO_ORIENTATION,)),
        (f"space dimension: 3\n{DIRECTIONS}{ORIGIN}", SPACING, (NO_ORIENTATION,)),
        ("spacings: 0.7 0.8 2.5\naxis mins: 1 2 3\n", SPACING, (NO_ORIENTATION,)),
        ("spacings: 0.7 nan 2.5\n", (0.7, 1, 2.5), (NO_ORIENTATION, NO_SPACING, NO_POSITION)),
        ("", UNIT, (NO_ORIENTATION, NO_SPACING, NO_POSITION)),
    ],
)
def test_nrrd(
    tmp_path: Path, fields: str, spacing: tuple[float, ...], expected: tuple[str, ...]
) -> None:
    path = tmp_path / "ct.nrrd"
    path.write_bytes(f"{NRRD}{fields}\n".encode() + VOXELS.tobytes())
    assert_notes(lungrt.read_ct(path), spacing, *expected)


def nifti(
    path: Path,
    affine: Any = AFFINE,
    *,
    qform: int = 1,
    sform: int = 1,
    edit: Callable[[Any], None] = lambda header: None,
) -> Path:
    """Write the voxels; `edit` changes the header without nibabel's checks."""
    image = nibabel.Nifti1Image(VOXELS.T, None)
    image.set_qform(affine, qform)
    image.set_sform(affine, sform)
    content = bytearray(image.to_bytes())
    header = nibabel.Nifti1Header(bytes(content[:348]), check=False)
    edit(header)
    path.write_bytes(header.binaryblock + content[348:])
    return path


def test_plain_nifti(tmp_path: Path) -> None:
    for qform, sform in ((1, 1), (1, 2), (2, 1), (0, 1), (1, 0), (4, 4)):
        path = nifti(tmp_path / "ct.nii", qform=qform, sform=sform)
        assert_notes(lungrt.read_ct(path), SPACING)


def test_lost_spacing(tmp_path: Path) -> None:
    path = nifti(tmp_path / "ct.nii", np.diag([-1, -1, 1, 1]))
    assert_notes(lungrt.read_ct(path), UNIT, LOST)


def test_no_forms(tmp_path: Path) -> None:
    path = nifti(tmp_path / "ct.nii", qform=0, sform=0)
    volume = assert_notes(lungrt.read_ct(path), SPACING, NO_ORIENTATION, NO_POSITION)
    assert volume.geometry.direction == ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    assert SimpleITK.ReadImage(str(path)).GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)


@pytest.mark.parametrize(("sform", "taken"), [(1, "sform"), (2, "qform")])
def test_forms_that_differ(tmp_path: Path, sform: int, taken: str) -> None:
    """As SimpleITK chooses: the sform if it is the scanner's, otherwise the qform."""

    def edit(header: Any) -> None:
        header.set_qform(
            np.array([[0.7, 0, 0, 5], [0, 0.8, 0, 6], [0, 0, 2.5, 7], [0, 0, 0, 1]]), 1
        )

    path = nifti(tmp_path / "ct.nii", sform=sform, edit=edit)
    said = f"the file's sform and qform place the patient differently (codes {sform} and 1); "
    volume = assert_notes(lungrt.read_ct(path), SPACING, f"{said}its {taken} was taken")
    x = volume.geometry.direction[0][0]
    assert x == (1 if taken == "sform" else -1)
    assert SimpleITK.ReadImage(str(path)).GetDirection()[0] == x


def test_forms_that_differ_by_rounding(tmp_path: Path) -> None:
    def edit(header: Any) -> None:
        header["qoffset_x"] += 0.01

    assert_notes(lungrt.read_ct(nifti(tmp_path / "ct.nii", edit=edit)), SPACING)


def test_sheared_sform(tmp_path: Path) -> None:
    def edit(header: Any) -> None:
        header["srow_y"][2] = 1

    path = nifti(tmp_path / "ct.nii", edit=edit)
    assert_notes(lungrt.read_ct(path), SPACING, "sform are not perpendicular, so its qform was")
    with pytest.raises(BadVolume, match="sform are not perpendicular, and it has no qform"):
        lungrt.read_ct(nifti(tmp_path / "ct.nii", qform=0, edit=edit))


@pytest.mark.parametrize(
    ("unit", "factor", "said"), [("meter", 1e3, "metres"), ("micron", 1e-3, "micrometres")]
)
def test_units(tmp_path: Path, unit: str, factor: float, said: str) -> None:
    affine = AFFINE / factor
    affine[3, 3] = 1
    path = nifti(tmp_path / "ct.nii", affine, edit=lambda header: header.set_xyzt_units(unit))
    assert_notes(lungrt.read_ct(path), SPACING, f"gives lengths in {said}")
    np.testing.assert_allclose(SimpleITK.ReadImage(str(path)).GetSpacing(), SPACING, rtol=1e-6)


@pytest.mark.parametrize("value", [0, np.nan, np.inf])
def test_pixdim_that_says_nothing(tmp_path: Path, value: float) -> None:
    def edit(header: Any) -> None:
        header["pixdim"][3] = value

    path = nifti(tmp_path / "ct.nii", sform=0, edit=edit)
    assert_notes(lungrt.read_ct(path), (0.7, 0.8, 1), NO_SPACING)


@pytest.mark.parametrize("qform", [0, 1])
def test_negative_pixdim(tmp_path: Path, qform: int) -> None:
    """SimpleITK mirrors the patient, and nibabel takes the value without its sign."""

    def edit(header: Any) -> None:
        header["pixdim"][1] = -0.7

    path = nifti(tmp_path / "ct.nii", qform=qform, sform=0, edit=edit)
    with pytest.raises(BadVolume, match=r"its pixdim\[1\] is -0\.7, expected a positive spacing"):
        lungrt.read_ct(path)


def scaled(path: Path, slope: float, intercept: float, affine: Any = AFFINE) -> Path:
    content = bytearray(nifti(path, affine).read_bytes())
    struct.pack_into("<2f", content, 112, slope, intercept)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("slope", "intercept"), [(0, 0), (np.nan, np.nan), (1, 0), (0, np.nan)])
def test_slopes_that_say_nothing(tmp_path: Path, slope: float, intercept: float) -> None:
    path = scaled(tmp_path / "ct.nii", slope, intercept)
    assert_notes(lungrt.read_ct(path), SPACING)
    assert np.array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path))), VOXELS)


@pytest.mark.parametrize(("slope", "intercept"), [(0, -1024), (np.inf, 3), (np.nan, 5)])
def test_slope_that_does_not_count(tmp_path: Path, slope: float, intercept: float) -> None:
    """The format says so of 0. nibabel does the same; SimpleITK adds the intercept."""
    path = scaled(tmp_path / "ct.nii", slope, intercept)
    said = f"scl_slope is {slope:g}, so that its scl_inter of {intercept:g} does not count"
    assert_notes(lungrt.read_ct(path), SPACING, said)
    image: Any = nibabel.load(path)
    assert np.array_equal(image.get_fdata().T, VOXELS)


def test_intercept_that_is_no_number(tmp_path: Path) -> None:
    path = scaled(tmp_path / "ct.nii", 1, np.nan)
    assert_notes(lungrt.read_ct(path), SPACING, "scl_inter is nan beside a scl_slope of 1")


def test_intent(tmp_path: Path) -> None:
    path = nifti(tmp_path / "ct.nii", edit=lambda header: header.set_intent("label"))
    assert_notes(lungrt.read_ct(path), SPACING, "(intent code 1002)")


def test_display_range_is_no_scale(tmp_path: Path) -> None:
    def edit(header: Any) -> None:
        header["cal_min"], header["cal_max"] = -160, 240

    assert_notes(lungrt.read_ct(nifti(tmp_path / "ct.nii", edit=edit)), SPACING)


def test_image_of_an_array() -> None:
    """The spacing of an image that SimpleITK makes of an array is 1 mm until it is set."""
    image = SimpleITK.GetImageFromArray(VOXELS)
    assert_notes(lungrt.from_sitk(image), UNIT, "exactly 1 mm along all axes")
    image.SetSpacing(SPACING)
    assert_notes(lungrt.from_sitk(image), SPACING)


def test_notes_before_those_of_rounding(tmp_path: Path) -> None:
    path = scaled(tmp_path / "ct.nii", 0.5, 0, np.diag([-1, -1, 1, 1]))
    notes = lungrt.read_ct(path).notes
    assert LOST in notes[0]
    assert notes[1] == "12 voxels were not whole Hounsfield units and were rounded (half to even)"
