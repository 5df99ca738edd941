"""Image files and SimpleITK images."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

import lungrt
from lungrt.errors import BadVolume, InvalidArgument, Io

MakeImage = Callable[..., SimpleITK.Image]


@pytest.mark.parametrize("suffix", [".mhd", ".mha", ".nii", ".nii.gz", ".nrrd", ".nhdr"])
def test_files_give_voxels_and_place(tmp_path: Path, suffix: str, image: MakeImage) -> None:
    path = tmp_path / f"ct{suffix}"
    SimpleITK.WriteImage(image(), str(path))
    volume = lungrt.read_ct(path)
    assert volume.shape == (4, 5, 6)
    assert np.array_equal(volume.hu.ravel(), np.arange(120))
    np.testing.assert_allclose(volume.geometry.origin_mm, (1.0, -2.0, 3.5))
    np.testing.assert_allclose(volume.geometry.spacing_mm, (0.5, 0.75, 2.0))
    direction = [(0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)]
    np.testing.assert_allclose(volume.geometry.direction, direction, atol=1e-12)


def test_string_paths(tmp_path: Path, image: MakeImage) -> None:
    path = tmp_path / "ct.mha"
    SimpleITK.WriteImage(image(), str(path))
    assert lungrt.read_ct(str(path)).shape == (4, 5, 6)


@pytest.mark.parametrize(
    "dtype", [np.int16, np.uint8, np.int32, np.uint32, np.int64, np.float32, np.float64]
)
def test_pixel_types(dtype: type[np.generic], image: MakeImage) -> None:
    volume = lungrt.from_sitk(image(dtype))
    assert volume.hu.dtype == np.int16
    assert np.array_equal(volume.hu.ravel(), np.arange(120))


def test_world_positions_are_simpleitks(image: MakeImage) -> None:
    picture = image()
    geometry = lungrt.from_sitk(picture).geometry
    np.testing.assert_allclose(
        geometry.to_world((3, 1, 2)), picture.TransformIndexToPhysicalPoint((2, 1, 3)), rtol=1e-12
    )


def test_int16_image_is_not_copied(image: MakeImage) -> None:
    picture = image()
    view = SimpleITK.GetArrayViewFromImage(
        picture
    )  # a later view would make the image copy its memory
    assert np.shares_memory(lungrt.from_sitk(picture).hu, view)


def test_volume_outlives_the_image_and_its_changes(image: MakeImage) -> None:
    picture = image()
    volume = lungrt.from_sitk(picture)
    picture[0, 0, 0] = 999
    assert volume.hu[0, 0, 0] == 0
    del picture
    gc.collect()
    image()  # would take the freed memory
    assert np.array_equal(volume.hu.ravel(), np.arange(120))


@pytest.mark.parametrize(
    ("values", "vector", "problem"),
    [
        (np.zeros((4, 5), np.int16), False, "2 dimensions"),
        (np.zeros((2, 3, 4, 5), np.int16), False, "4 dimensions"),
        (np.zeros((3, 4, 5, 3), np.int16), True, "3 values per voxel"),
    ],
)
def test_no_scalar_volume(
    tmp_path: Path,
    values: np.ndarray[tuple[int, ...], np.dtype[np.int16]],
    vector: bool,
    problem: str,
) -> None:
    picture = SimpleITK.GetImageFromArray(values, isVector=vector)
    with pytest.raises(BadVolume, match=problem):
        lungrt.from_sitk(picture)
    path = tmp_path / "ct.nrrd"
    SimpleITK.WriteImage(picture, str(path))
    with pytest.raises(BadVolume, match=rf"ct\.nrrd has .*{problem}"):
        lungrt.read_ct(path)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
@pytest.mark.parametrize("suffix", [".mhd", ".mha", ".nii", ".nii.gz", ".nrrd", ".nhdr"])
def test_truncated_file_is_named(tmp_path: Path, suffix: str, kept: float) -> None:
    noise = np.random.default_rng(0).integers(-1000, 1000, (16, 32, 32), dtype=np.int16)
    path = tmp_path / f"ct{suffix}"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(noise), str(path))
    voxels = max(tmp_path.iterdir(), key=lambda file: file.stat().st_size)
    content = voxels.read_bytes()
    voxels.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(Io, match=rf"ct{suffix}: (cannot be read|truncated)"):
        lungrt.read_ct(path)


def test_damaged_compressed_file_is_named(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(-1000, 1000, (16, 32, 32), dtype=np.int16)
    path = tmp_path / "ct.nii.gz"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(noise), str(path))
    content = bytearray(path.read_bytes())
    content[-6] ^= 0xFF  # in the checksum: the voxels decompress, one of them might be wrong
    path.write_bytes(content)
    with pytest.raises(Io, match=r"ct\.nii\.gz: (cannot be read|truncated or damaged)"):
        lungrt.read_ct(path)


def test_smallest_nifti(tmp_path: Path) -> None:
    path = tmp_path / "ct.nii"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.ones((1, 1, 1), np.int16)), str(path))
    assert lungrt.read_ct(path).hu.tolist() == [[[1]]]


def test_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(Io, match=r"nothing\.mha: no such file or folder"):
        lungrt.read_ct(tmp_path / "nothing.mha")


def test_file_that_is_dicom_by_its_name_alone(tmp_path: Path) -> None:
    (tmp_path / "slice.dcm").write_bytes(b"x")
    with pytest.raises(Io, match=r"slice\.dcm: .*it does not begin like a DICOM file"):
        lungrt.read_ct(tmp_path / "slice.dcm")


@pytest.mark.parametrize("name", ["picture.png", "IM0001"])
def test_unknown_kind_of_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(
        InvalidArgument, match=r"unknown kind of file.*; expected one of \.mhd, .*folder"
    ):
        lungrt.read_ct(tmp_path / name)


def test_series_and_resample_are_for_folders(tmp_path: Path, image: MakeImage) -> None:
    path = tmp_path / "ct.mha"
    SimpleITK.WriteImage(image(), str(path))
    with pytest.raises(InvalidArgument, match="for DICOM folders"):
        lungrt.read_ct(path, series="1.2")
    with pytest.raises(InvalidArgument, match="for DICOM folders"):
        lungrt.read_ct(path, resample=True)
