"""Image files by lungrt::io alone: voxels, notes and errors are those that users of Python get."""

from __future__ import annotations

import bz2
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

VOXELS = np.arange(-1024, -1024 + 7 * 24, 7).reshape(2, 3, 4).astype("<i2")
SPACING = [0.75, 0.5, 2.5]  # exact in float32
AFFINE = np.diag([-0.75, -0.5, 2.5, 1])
META = (
    "NDims = 3\nDimSize = 4 3 2\nElementType = MET_SHORT\nElementSpacing = 0.75 0.5 2.5\n"
    "Offset = 0 0 0\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nElementDataFile = ct.raw\n"
)
NRRD = (
    "NRRD0004\ntype: int16\ndimension: 3\nsizes: 4 3 2\nendian: little\nspace: LPS\n"
    "space directions: (0.75,0,0) (0,0.5,0) (0,0,2.5)\nspace origin: (0,0,0)\n"
)

Answer = dict[str, Any]


@pytest.fixture
def read(native_reader: Callable[..., Answer], tmp_path: Path) -> Callable[[Path], Answer]:
    """Return a function that reads a file, with its voxels under `hu`."""

    def read_natively(path: Path) -> Answer:
        voxels = tmp_path / "voxels.bin"
        answer = native_reader(path, voxels=str(voxels))
        if "error" not in answer:
            answer["hu"] = np.fromfile(voxels, np.int16).reshape(answer["shape"])
        return answer

    return read_natively


def write(folder: Path, kind: str) -> Path:
    """Write the volume in one of the ways that users do."""
    path = folder / kind
    if kind in ("UPPER.NII.GZ", "gzip_named.nii"):
        nibabel.save(nibabel.Nifti1Image(VOXELS.T, AFFINE), folder / "source.nii.gz")
        shutil.copy(folder / "source.nii.gz", path)
    elif kind == "two.nii.gz":
        nibabel.save(nibabel.Nifti2Image(VOXELS.T, AFFINE), path)
    elif kind == "pair.img":
        nibabel.save(nibabel.Nifti1Pair(VOXELS.T, AFFINE), path)
    elif kind == "bzip2.nrrd":
        header = f"{NRRD}encoding: bzip2\n\n".encode()
        path.write_bytes(header + bz2.compress(VOXELS.tobytes()))
    else:
        assert kind == "detached.mhd"
        path.write_text(META)
        (folder / "ct.raw").write_bytes(VOXELS.tobytes())
    return path


@pytest.mark.parametrize(
    "kind",
    ["UPPER.NII.GZ", "gzip_named.nii", "two.nii.gz", "pair.img", "bzip2.nrrd", "detached.mhd"],
)
def test_files_are_read(tmp_path: Path, read: Callable[[Path], Answer], kind: str) -> None:
    answer = read(write(tmp_path, kind))
    assert "error" not in answer, answer
    assert np.array_equal(answer["hu"], VOXELS)
    assert answer["spacing_mm"] == SPACING
    assert answer["direction"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert answer["notes"] == []


def test_what_was_assumed_is_noted(tmp_path: Path, read: Callable[[Path], Answer]) -> None:
    path = tmp_path / "lost_spacing.nii.gz"
    nibabel.save(nibabel.Nifti1Image(VOXELS.T, np.diag([-1, -1, 1, 1])), path)
    answer = read(path)
    assert np.array_equal(answer["hu"], VOXELS)
    assert [note for note in answer["notes"] if "exactly 1 mm" in note] == answer["notes"] != []
    image = nibabel.Nifti1Image(VOXELS.T, None)
    image.header.set_zooms(SPACING)
    image.header["qform_code"] = image.header["sform_code"] = 0
    nibabel.save(image, tmp_path / "no_forms.nii")
    answer = read(tmp_path / "no_forms.nii")
    assert answer["spacing_mm"] == SPACING
    assert "does not say how the patient lies" in answer["notes"][0]


def test_more_voxels_than_the_header_says(tmp_path: Path, read: Callable[[Path], Answer]) -> None:
    path = write(tmp_path, "detached.mhd")
    (tmp_path / "ct.raw").write_bytes(VOXELS.astype("<i4").tobytes())
    answer = read(path)
    assert answer["error"] == "BadVolume"
    assert "ct.raw contains 96 bytes of voxels, but the header says 48" in answer["message"]


def test_voxels_that_are_no_numbers(tmp_path: Path, read: Callable[[Path], Answer]) -> None:
    voxels = VOXELS.astype(np.float32)
    voxels[0, 0] = np.nan
    path = tmp_path / "nan_outside_fov.nii.gz"
    nibabel.save(nibabel.Nifti1Image(voxels.T, AFFINE), path)
    answer = read(path)
    assert answer["error"] == "BadVolume"
    assert "is NaN, expected Hounsfield units" in answer["message"]
    assert "and 3 others of 24 voxels do not fit either" in answer["message"]
