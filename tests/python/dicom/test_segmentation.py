"""The segmentation: its voxels, its places, what it refers to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pydicom
import pytest
from dicom_examples import (
    PATIENT,
    code,
    every,
    lesions,
    multi_frame,
    patient_slice,
    segments_of,
)
from pydicom.dataset import Dataset

import lungrt
import lungrt.dicom
from lungrt.dicom.label_map import nodule_labels
from lungrt.errors import InvalidArgument

WriteSeries = Callable[..., list[Path]]


def diagnosed(
    pipeline: lungrt.Pipeline, volume: lungrt.CtVolume, *, labelmap: bool = False
) -> tuple[lungrt.Report, lungrt.dicom.Results]:
    report = pipeline.run(volume, keep_masks=True)
    assert report.nodules
    source = lungrt.dicom.read_source(volume)
    return report, lungrt.dicom.make_results(report, source, labelmap=labelmap)


def check_voxels(seg: Dataset, report: lungrt.Report, volume: lungrt.CtVolume) -> None:
    found, expected = segments_of(seg, volume), lesions(report)
    assert len(found) == len(expected) == len(report.nodules)
    for one, other in zip(found, expected, strict=True):
        assert other.any()
        np.testing.assert_array_equal(one, other)


def check_references(seg: Dataset, volume: lungrt.CtVolume) -> None:
    """Each frame refers to the slice that lies where it lies, and nothing to anything else."""
    known = {source.instance_uid for source in volume.sources}
    assert {item.value for item in every(seg, "ReferencedSOPInstanceUID")} == known
    used = {
        (item.ReferencedSOPInstanceUID, frame)
        for item in seg.SourceImageSequence
        for frame in _numbers(item)
    }
    of_frames = set()
    for frame in seg.PerFrameFunctionalGroupsSequence:
        (derivation,) = frame.DerivationImageSequence
        (image,) = derivation.SourceImageSequence
        position = frame.PlanePositionSequence[0].ImagePositionPatient
        z, _, _ = volume.geometry.to_index([float(value) for value in position])
        source = volume.sources[z]
        assert image.ReferencedSOPInstanceUID == source.instance_uid
        assert image.get("ReferencedFrameNumber", 0) == source.frame
        of_frames.add((source.instance_uid, source.frame))
        assert image.SpatialLocationsPreserved == "YES"
        assert code(derivation.DerivationCodeSequence[0]) == ("113076", "DCM")
        assert code(image.PurposeOfReferenceCodeSequence[0]) == ("121322", "DCM")
    assert used == of_frames
    (series,) = seg.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == volume.series_uid
    listed = [one.ReferencedSOPInstanceUID for one in series.ReferencedInstanceSequence]
    assert listed == list(dict.fromkeys(source.instance_uid for source in volume.sources))


def _numbers(item: Dataset) -> list[int]:
    value = item.get("ReferencedFrameNumber", 0)
    return [int(value)] if isinstance(value, int) else [int(one) for one in value]


@pytest.mark.parametrize("labelmap", [False, True])
def test_voxels_and_references(
    report: lungrt.Report, volume: lungrt.CtVolume, labelmap: bool
) -> None:
    source = lungrt.dicom.read_source(volume)
    seg = lungrt.dicom.make_results(report, source, labelmap=labelmap).segmentation
    assert seg is not None
    assert seg.SOPClassUID == f"1.2.840.10008.5.1.4.1.1.66.{7 if labelmap else 4}"
    assert seg.file_meta.TransferSyntaxUID == f"1.2.840.10008.1.2.{5 if labelmap else 1}"
    check_voxels(seg, report, volume)
    check_references(seg, volume)


def test_a_segment_for_each_nodule(report: lungrt.Report, results: lungrt.dicom.Results) -> None:
    seg = results.segmentation
    assert seg is not None
    assert seg.SegmentationType == "BINARY"
    assert seg.SegmentsOverlap == "NO"
    assert [item.SegmentNumber for item in seg.SegmentSequence] == list(
        range(1, len(report.nodules) + 1)
    )
    for number, segment in enumerate(seg.SegmentSequence, start=1):
        assert segment.SegmentLabel == segment.TrackingID == f"Nodule {number}"
        assert segment.SegmentAlgorithmType == "AUTOMATIC"
        category = code(segment.SegmentedPropertyCategoryCodeSequence[0])
        assert category == ("49755003", "SCT")
        assert code(segment.SegmentedPropertyTypeCodeSequence[0]) == ("27925004", "SCT")
        assert code(segment.AnatomicRegionSequence[0]) == ("39607008", "SCT")
        (algorithm,) = segment.SegmentationAlgorithmIdentificationSequence
        assert algorithm.AlgorithmName == "lungrt"
        assert algorithm.AlgorithmVersion == report.provenance.lungrt_version
        assert code(algorithm.AlgorithmFamilyCodeSequence[0]) == ("123110", "DCM")
        assert report.provenance.bundle_sha256 in algorithm.AlgorithmParameters


def test_the_volume_of_a_segment_is_the_reported_one(
    report: lungrt.Report, results: lungrt.dicom.Results, volume: lungrt.CtVolume
) -> None:
    """Where no two nodules touch: a voxel that two would share is in one segment."""
    assert results.segmentation is not None
    alone = 0
    for nodule, voxels in zip(
        report.nodules, segments_of(results.segmentation, volume), strict=True
    ):
        volume_mm3 = voxels.sum() * volume.geometry.voxel_volume_mm3
        assert volume_mm3 <= nodule.volume_mm3 * (1 + 1e-9)
        alone += bool(np.isclose(volume_mm3, nodule.volume_mm3))
    assert alone > 0


def test_voxels_that_two_nodules_share() -> None:
    """Two components, one voxel apart: the voxel between them is the more likely nodule's."""
    labels = np.zeros((3, 3, 5), np.int32)
    labels[1, 1, 1], labels[1, 1, 3] = 2, 1

    def nodule(mark: int, column: int) -> SimpleNamespace:
        return SimpleNamespace(marks=[mark], box=((0, 0, column - 1), (2, 2, column + 1)))

    report = SimpleNamespace(
        masks=SimpleNamespace(labels=labels), nodules=[nodule(1, 1), nodule(0, 3)]
    )
    found = nodule_labels(report)  # type: ignore[arg-type]
    assert found[1, 1].tolist() == [1, 1, 1, 2, 2]
    assert found[0, 1].tolist() == found[1, 0].tolist() == [0, 1, 0, 2, 0]


def test_places_of_a_multi_frame_file(
    tmp_path: Path, pipeline: lungrt.Pipeline, small_ct: lungrt.CtVolume
) -> None:
    order = [int(z) for z in np.random.default_rng(0).permutation(small_ct.shape[0])]
    volume = lungrt.read_ct(multi_frame(tmp_path / "ct", small_ct.hu, order))
    report, results = diagnosed(pipeline, volume)
    seg = results.segmentation
    assert seg is not None
    check_voxels(seg, report, volume)
    check_references(seg, volume)
    frames = {
        item.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber
        for item in seg.PerFrameFunctionalGroupsSequence
    }
    assert len(frames) > 1


def test_one_part_of_a_series(
    tmp_path: Path,
    pipeline: lungrt.Pipeline,
    small_ct: lungrt.CtVolume,
    positions: list[float],
    write_series: WriteSeries,
) -> None:
    for kernel in ("B70f", "B30f"):
        write_series(
            tmp_path,
            positions,
            prefix=kernel,
            edit=patient_slice(small_ct.hu, {"ConvolutionKernel": kernel}),
        )
    (info,) = lungrt.list_series(tmp_path)
    uids = []
    for part in info.parts:
        volume = lungrt.read_ct(tmp_path, series=part.name)
        _, results = diagnosed(pipeline, volume)
        assert results.segmentation is not None
        check_references(results.segmentation, volume)
        uids.append(results.segmentation.SOPInstanceUID)
    assert len(set(uids)) == 2


@pytest.mark.parametrize(
    "first",
    [
        (0, 1, 0, 1, 0, 0),
        (1, 0, 0, 0, -1, 0),
        (0.955336489, 0.295520207, 0, -0.295520207, 0.955336489, 0),  # oblique
    ],
)
def test_masks_are_in_the_stored_order(
    tmp_path: Path,
    native_bundle: Path,
    small_ct: lungrt.CtVolume,
    positions: list[float],
    write_series: WriteSeries,
    first: tuple[int, ...],
) -> None:
    """Where the networks see another order of the axes than that of the files."""

    def turn(_: int, data: Any) -> None:
        data.ImageOrientationPatient = list(first)

    write_series(tmp_path, positions, edit=patient_slice(small_ct.hu, edit=turn))
    volume = lungrt.read_ct(tmp_path)
    options = {"geometry": "exact", "voxel_order": "patient"}
    pipeline = lungrt.Pipeline(native_bundle, profile="book", threads=1, **options)
    report, results = diagnosed(pipeline, volume)
    assert results.segmentation is not None
    check_voxels(results.segmentation, report, volume)
    check_references(results.segmentation, volume)


def test_a_grid_of_its_own(
    tmp_path: Path,
    pipeline: lungrt.Pipeline,
    small_ct: lungrt.CtVolume,
    positions: list[float],
    write_series: WriteSeries,
) -> None:
    """A slice is missing: the plane in its place refers to both neighbours."""
    paths = write_series(tmp_path, positions, edit=patient_slice(small_ct.hu))
    paths[3].unlink()
    volume = lungrt.read_ct(tmp_path, resample=True)
    assert volume.is_interpolated
    report, results = diagnosed(pipeline, volume)
    seg = results.segmentation
    assert seg is not None
    check_voxels(seg, report, volume)
    by_position = {
        float(pydicom.dcmread(source.path).ImagePositionPatient[2]): source.instance_uid
        for source in volume.sources
    }
    seen = set()
    for frame in seg.PerFrameFunctionalGroupsSequence:
        (derivation,) = frame.DerivationImageSequence
        z = float(frame.PlanePositionSequence[0].ImagePositionPatient[2])
        beside = [z] if z in by_position else [z - 2.5, z + 2.5]
        referred = [image.ReferencedSOPInstanceUID for image in derivation.SourceImageSequence]
        assert referred == [by_position[place] for place in beside]
        assert {image.SpatialLocationsPreserved for image in derivation.SourceImageSequence} == {
            "NO"
        }
        seen.add(len(beside))
    assert seen == {1, 2}
    assert "resampled" in seg.ContentDescription
    assert any("grid that the CT was resampled to" in note for note in results.notes)


def test_a_tilted_gantry(
    tmp_path: Path,
    pipeline: lungrt.Pipeline,
    small_ct: lungrt.CtVolume,
    positions: list[float],
    write_series: WriteSeries,
) -> None:
    """Straightened slices are larger than the files, and none of their pixels is where it was."""

    def tilt(index: int, data: Any) -> None:
        data.ImagePositionPatient = [-10, 20 + 0.75 * index, 2.5 * index]

    write_series(tmp_path, positions, edit=patient_slice(small_ct.hu, edit=tilt))
    volume = lungrt.read_ct(tmp_path, resample=True)
    assert volume.shape[1] > small_ct.shape[1]
    assert volume.is_interpolated
    report, results = diagnosed(pipeline, volume)
    seg = results.segmentation
    assert seg is not None
    check_voxels(seg, report, volume)
    assert (seg.Rows, seg.Columns) == volume.shape[1:]


def test_patient_study_and_geometry(results: lungrt.dicom.Results) -> None:
    seg = results.segmentation
    assert seg is not None
    for keyword in PATIENT.keys() - {"Manufacturer", "SliceThickness"}:
        assert str(seg[keyword].value) == str(PATIENT[keyword]), keyword
    assert seg.Modality == "SEG"
    shared = seg.SharedFunctionalGroupsSequence[0]
    (measures,) = shared.PixelMeasuresSequence
    assert [float(value) for value in measures.PixelSpacing] == [0.8, 0.7]
    assert (measures.SliceThickness, measures.SpacingBetweenSlices) == (3, 2.5)
    (orientation,) = shared.PlaneOrientationSequence
    assert [float(value) for value in orientation.ImageOrientationPatient] == [1, 0, 0, 0, 1, 0]


def test_reports_that_do_not_fit(
    pipeline: lungrt.Pipeline, report: lungrt.Report, volume: lungrt.CtVolume
) -> None:
    source = lungrt.dicom.read_source(volume)
    with pytest.raises(InvalidArgument, match="keep_masks=True"):
        lungrt.dicom.make_results(pipeline.run(volume), source)
    moved = lungrt.Geometry((0, 0, 0), volume.geometry.spacing_mm)
    other = pipeline.run(
        lungrt.CtVolume(volume.hu, moved, series_uid=volume.series_uid), keep_masks=True
    )
    with pytest.raises(InvalidArgument, match="not that of this CT"):
        lungrt.dicom.make_results(other, source)
