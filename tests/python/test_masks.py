"""Masks of a run, written as files in the CT's geometry."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

import lungrt
from lungrt.errors import InvalidArgument, Io
from lungrt.phantom import chest

FORMATS = ("nii.gz", "nrrd", "mha")
NAMES = ("lung_field", "nodule_mask", "labels")


def slanted(volume: lungrt.CtVolume) -> lungrt.CtVolume:
    """Return the volume with an oblique geometry."""
    turn, tilt = 0.31, 0.17
    about_z = [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    about_x = [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    geometry = lungrt.Geometry(
        (-101.37, 55.21, 7.003), volume.geometry.spacing_mm, np.array(about_z) @ about_x
    )
    return lungrt.CtVolume(volume.hu, geometry)


@pytest.fixture(scope="module")
def report(tiny_bundle: Path) -> lungrt.Report:
    """Diagnose an oblique chest of odd spacing; tiny networks find a lot in it."""
    pytest.importorskip("scipy")
    phantom = chest(seed=1, shape=(16, 91, 97), spacing_mm=(4.1, 4.3, 19.7), nodules=1)
    pipeline = lungrt.Pipeline(tiny_bundle, profile="lung", threads=1)
    found = pipeline.run(slanted(phantom.volume), keep_masks=True)
    assert len(found.candidates) > 3
    return found


@pytest.fixture(scope="module")
def plain_report(tiny_bundle: Path, small_ct: lungrt.CtVolume) -> lungrt.Report:
    """Diagnose the small CT everywhere."""
    return lungrt.Pipeline(tiny_bundle, threads=1, profile="book").run(small_ct, keep_masks=True)


@pytest.mark.parametrize("file_format", FORMATS)
def test_files_read_back(report: lungrt.Report, tmp_path: Path, file_format: str) -> None:
    folder = tmp_path / "new" / "masks"
    files = lungrt.write_masks(folder, report, file_format)
    assert files == [folder / f"{name}.{file_format}" for name in NAMES]
    assert sorted(folder.iterdir()) == sorted(files)
    images = {name: SimpleITK.ReadImage(str(file)) for name, file in zip(NAMES, files, strict=True)}
    geometry = report.geometry
    for image in images.values():
        # NIfTI stores its matrix in float32.
        np.testing.assert_allclose(image.GetOrigin(), geometry.origin_mm, atol=1e-4)
        np.testing.assert_allclose(image.GetSpacing(), geometry.spacing_mm, rtol=1e-6)
        np.testing.assert_allclose(image.GetDirection(), np.ravel(geometry.direction), atol=1e-6)
        assert image.GetSize() == report.shape[::-1]

    masks = report.masks
    assert masks is not None
    voxels = {name: SimpleITK.GetArrayFromImage(image) for name, image in images.items()}
    assert {name: array.dtype.name for name, array in voxels.items()} == {
        "lung_field": "uint8",
        "nodule_mask": "uint8",
        "labels": "int32",
    }
    np.testing.assert_array_equal(voxels["lung_field"], np.asarray(masks.lung_field))
    np.testing.assert_array_equal(voxels["labels"], masks.labels)
    np.testing.assert_array_equal(voxels["nodule_mask"], voxels["labels"] > 0)
    assert_labels_are_candidates(voxels["labels"], report)
    field = voxels["lung_field"].astype(bool)
    assert all(field[candidate.index] for candidate in report.candidates)
    assert 0 < field.mean() < 1


def test_quaternions_are_those_of_the_matrices(
    tiny_bundle: Path, small_ct: lungrt.CtVolume, tmp_path: Path
) -> None:
    """For all orders of the axes and signs of each kind, half of them left-handed."""
    pipeline = lungrt.Pipeline(tiny_bundle, threads=1, geometry="exact", profile="book")
    oblique = np.array(slanted(small_ct).geometry.direction)
    for axes, signs in product(
        permutations(range(3)), ((1, 1, 1), (1, 1, -1), (1, -1, -1), (-1, -1, 1))
    ):
        direction = oblique[:, axes] * signs
        volume = lungrt.CtVolume(small_ct.hu, lungrt.Geometry((1, 2, 3), (0.5, 0.75, 2), direction))
        file = lungrt.write_masks(tmp_path, pipeline.run(volume, keep_masks=True), "nii.gz")[0]
        image: Any = nibabel.load(file)
        expected = np.eye(4)
        expected[:3, :3] = direction * (0.5, 0.75, 2)
        expected[:3, 3] = (1, 2, 3)
        expected[:2] *= -1  # RAS
        np.testing.assert_allclose(image.get_sform(), expected, atol=1e-6)
        # A quaternion of float32 loses half of its digits where its real part is almost 0.
        np.testing.assert_allclose(image.get_qform(), expected, atol=1e-3)


def assert_labels_are_candidates(labels: NDArray[np.int32], report: lungrt.Report) -> None:
    """Voxels of label k are those of the candidate at position k - 1."""
    count = len(report.candidates)
    np.testing.assert_array_equal(np.unique(labels[labels > 0]), np.arange(1, count + 1))
    for number, candidate in enumerate(report.candidates, start=1):
        inside = np.argwhere(labels == number)
        # A candidate's box includes the voxels that erosion removed, up to the volume's border.
        first = np.maximum(inside.min(axis=0) - 1, 0)
        last = np.minimum(inside.max(axis=0) + 1, np.array(labels.shape) - 1)
        assert candidate.box == (tuple(first), tuple(last))
        # The centre is weighted by the tissue's density, so it lies somewhere within.
        assert (candidate.index >= inside.min(axis=0)).all()
        assert (candidate.index <= inside.max(axis=0)).all()


def test_masks_of_the_whole_volume(plain_report: lungrt.Report) -> None:
    masks = plain_report.masks
    assert masks is not None
    assert np.asarray(masks.lung_field).all()
    eroded = np.asarray(lungrt.erode(np.asarray(masks.mask)))
    np.testing.assert_array_equal(np.asarray(masks.nodules), eroded)
    assert eroded.sum() == plain_report.mask_voxels
    np.testing.assert_array_equal(masks.labels > 0, eroded)
    assert_labels_are_candidates(masks.labels, plain_report)


def test_arrays_are_views_that_cannot_be_written(plain_report: lungrt.Report) -> None:
    assert plain_report.masks is not None
    with pytest.raises(ValueError, match="read-only"):
        plain_report.masks.labels[0, 0, 0] = 1


def test_a_report_without_masks_is_refused(
    tiny_bundle: Path, small_ct: lungrt.CtVolume, tmp_path: Path
) -> None:
    report = lungrt.Pipeline(tiny_bundle, threads=1, profile="book").run(small_ct)
    assert report.masks is None
    with pytest.raises(InvalidArgument, match="run the pipeline with keep_masks"):
        lungrt.write_masks(tmp_path / "masks", report)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file_format", ["dcm", "", "NRRD", ".nrrd"])
def test_an_unknown_format_is_refused(
    plain_report: lungrt.Report, tmp_path: Path, file_format: str
) -> None:
    with pytest.raises(
        InvalidArgument, match=r"unknown mask format .*: expected nii\.gz, nrrd or m"
    ):
        lungrt.write_masks(tmp_path / "masks", plain_report, file_format)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_file_in_the_way(plain_report: lungrt.Report, tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(Io, match=f"{folder}: the folder for masks cannot be created"):
        lungrt.write_masks(tmp_path / folder, plain_report)
    assert (tmp_path / "file").read_text() == "mine"


@contextlib.contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_full_disk_leaves_older_files(
    plain_report: lungrt.Report, tmp_path: Path, file_format: str
) -> None:
    older = lungrt.write_masks(tmp_path, plain_report, file_format)[0].read_bytes()
    for room in (0, len(older) // 2, len(older) - 16):  # gzip ends with a checksum of 8 bytes
        with (
            full_disk(room),
            pytest.raises(Io, match=f"lung_field.{file_format}: cannot be written"),
        ):
            lungrt.write_masks(tmp_path, plain_report, file_format)
        assert (tmp_path / f"lung_field.{file_format}").read_bytes() == older
    assert len(list(tmp_path.iterdir())) == len(NAMES)


def test_a_folder_that_cannot_be_written_to(plain_report: lungrt.Report) -> None:
    """No file can be created there, not even by root."""
    with pytest.raises(Io, match=r"/proc/self/\.lungrt-trial: cannot be written"):
        lungrt.write_masks("/proc/self", plain_report)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_folder_in_a_files_place(
    plain_report: lungrt.Report, tmp_path: Path, file_format: str
) -> None:
    taken = tmp_path / f"labels.{file_format}"
    (taken / "mine").mkdir(parents=True)
    with pytest.raises(Io, match=f"labels.{file_format}: cannot be written"):
        lungrt.write_masks(tmp_path, plain_report, file_format)
    assert (taken / "mine").is_dir()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_older_files_are_replaced_whole(plain_report: lungrt.Report, tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / f"{name}.mha").write_bytes(b"old" * 100_000)
    files = lungrt.write_masks(tmp_path, plain_report, "mha")
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert plain_report.masks is not None
    for file in files:
        assert b"oldold" not in file.read_bytes()
    labels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(files[2])))
    np.testing.assert_array_equal(labels, plain_report.masks.labels)
