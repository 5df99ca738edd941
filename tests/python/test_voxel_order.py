"""One CT in other orders of its axes, from arrays and from files of other libraries."""

from __future__ import annotations

import itertools
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

import lungrt
from lungrt.phantom import chest

# As ITK names them: where columns, rows and slices come from.
ORDERS = ("LPS", "RAS", "LAS", "LPI", "RPI", "ASL", "PIR", "SAR")


@pytest.fixture(scope="module")
def image() -> SimpleITK.Image:
    """Return a chest of which each direction looks different; three different spacings."""
    volume = chest(seed=2, shape=(20, 91, 97), spacing_mm=(4.1, 3.9, 15.5), nodules=2).volume
    image = SimpleITK.GetImageFromArray(volume.hu)
    image.SetSpacing(volume.geometry.spacing_mm)
    image.SetOrigin(volume.geometry.origin_mm)
    return image


@pytest.fixture(scope="module")
def pipeline(tiny_bundle: Path) -> lungrt.Pipeline:
    return lungrt.Pipeline(tiny_bundle, threads=1)


@pytest.fixture(scope="module")
def expected(pipeline: lungrt.Pipeline, image: SimpleITK.Image) -> lungrt.Report:
    report = pipeline.run(image, keep_masks=True)
    assert len(report.candidates) > 5
    assert report.nodules
    return report


def straight(array: NDArray[np.generic], image: SimpleITK.Image) -> NDArray[np.generic]:
    """Bring an array that has the order of an image to LPS, by ITK."""
    stored = SimpleITK.GetImageFromArray(np.asarray(array).astype(np.int32))
    stored.CopyInformation(image)
    return SimpleITK.GetArrayFromImage(SimpleITK.DICOMOrient(stored, "LPS"))


def assert_same(found: lungrt.Report, expected: lungrt.Report, image: SimpleITK.Image) -> None:
    assert found.masks is not None
    assert expected.masks is not None
    for name in ("lung_field", "mask", "nodules", "labels"):
        np.testing.assert_array_equal(
            straight(getattr(found.masks, name), image), np.asarray(getattr(expected.masks, name))
        )
    assert len(found.nodules) == len(expected.nodules)
    pairs = zip(
        (*found.candidates, *found.nodules),
        (*expected.candidates, *expected.nodules),
        strict=True,
    )
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.center_mm, theirs.center_mm, rtol=0, atol=0.01)
        assert abs(ours.p_nodule - theirs.p_nodule) < 1e-5
        np.testing.assert_allclose(ours.diameter_mm, theirs.diameter_mm, rtol=1e-5)
        # The index is that of the stored volume, and so are the axes of the extent.
        slice_index, row, column = ours.index
        place = image.TransformIndexToPhysicalPoint((column, row, slice_index))
        np.testing.assert_allclose(ours.center_mm, place, rtol=0, atol=0.01)
        np.testing.assert_allclose(sorted(ours.extent_mm), sorted(theirs.extent_mm), rtol=1e-5)


@pytest.mark.parametrize("suffix", [".mha", ".nrrd", ".nii.gz"])
@pytest.mark.parametrize("order", ORDERS)
def test_files_of_itk(
    order: str,
    suffix: str,
    pipeline: lungrt.Pipeline,
    image: SimpleITK.Image,
    expected: lungrt.Report,
    tmp_path: Path,
) -> None:
    stored = SimpleITK.DICOMOrient(image, order)
    path = tmp_path / f"ct{suffix}"
    SimpleITK.WriteImage(stored, str(path))
    found = pipeline.run(path, keep_masks=True)
    assert found.shape == stored.GetSize()[::-1]
    assert_same(found, expected, stored)
    reformat = any("into axial order" in note for note in found.provenance.notes)
    assert reformat == (order[2] in "LRAP")


def test_a_file_of_nibabel(
    pipeline: lungrt.Pipeline, image: SimpleITK.Image, expected: lungrt.Report, tmp_path: Path
) -> None:
    """LAS, as dcm2niix writes it, with an affine of nibabel's own."""
    lps = np.diag([*image.GetSpacing(), 1.0])
    lps[:3, 3] = image.GetOrigin()
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps
    written = nibabel.Nifti1Image(SimpleITK.GetArrayFromImage(image).T, ras)
    las = written.as_reoriented(
        nibabel.orientations.ornt_transform(
            nibabel.io_orientation(ras), nibabel.orientations.axcodes2ornt("LAS")
        )
    )
    nibabel.save(las, tmp_path / "ct.nii.gz")
    found = pipeline.run(tmp_path / "ct.nii.gz", keep_masks=True)
    assert_same(found, expected, SimpleITK.ReadImage(str(tmp_path / "ct.nii.gz")))


def test_networks_see_the_same_bits(
    pipeline: lungrt.Pipeline, image: SimpleITK.Image, expected: lungrt.Report
) -> None:
    hu = SimpleITK.GetArrayFromImage(image)
    straight_ct = lungrt.CtVolume(hu, expected.geometry)
    slice_input = pipeline.segmentation_input(straight_ct, 7)
    crop = pipeline.nodule_input(straight_ct, expected.nodules[0].index)
    codes = ["".join(code) for code in itertools.product("LR", "PA", "SI")]
    orders = ["".join(p) for code in codes for p in itertools.permutations(code)]
    assert len(set(orders)) == 48
    for order in orders:
        stored = SimpleITK.DICOMOrient(image, order)
        column, row, slice_index = stored.TransformPhysicalPointToIndex(
            expected.nodules[0].center_mm
        )
        np.testing.assert_array_equal(pipeline.segmentation_input(stored, 7), slice_input)
        np.testing.assert_array_equal(
            pipeline.nodule_input(stored, (slice_index, row, column)), crop
        )


def test_the_book_uses_the_stored_order_and_says_so(
    tiny_bundle: Path, image: SimpleITK.Image
) -> None:
    pipeline = lungrt.Pipeline(tiny_bundle, profile="book", threads=1)
    stored = pipeline.run(SimpleITK.DICOMOrient(image, "RAS"))
    (note,) = stored.provenance.notes
    assert "stored order (columns to the right, rows to the front, slices to the head)" in note
    assert "voxel order 'patient'" in note
    assert stored.options.voxel_order == "stored"
    assert pipeline.run(image).provenance.notes == []
    with pytest.raises(lungrt.errors.InvalidArgument, match="patient or stored"):
        lungrt.Pipeline(tiny_bundle, voxel_order="LAS")
