"""A DICOM series of a patient, for tests of results, and how such results are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import EnhancedCTImageStorage, ExplicitVRLittleEndian
from scipy import ndimage

import lungrt

Edit = Callable[[int, FileDataset], None]

PATIENT = {
    "PatientName": "Meier^Anna",
    "PatientID": "4711",
    "PatientBirthDate": "19500102",
    "PatientSex": "F",
    "AccessionNumber": "A42",
    "StudyID": "S7",
    "StudyDate": "20240301",
    "StudyTime": "101112",
    "StudyInstanceUID": "1.2.3.100",
    "FrameOfReferenceUID": "1.2.3.200",
    "ContentDate": "20240302",
    "ContentTime": "111213.5",
    "ReferringPhysicianName": "Roe^Richard",
    "Manufacturer": "ACME",
    "SliceThickness": 3,
}


def patient_slice(
    hu: NDArray[np.int16], values: dict[str, Any] | None = None, edit: Edit | None = None
) -> Edit:
    """Return the edit that makes a slice of a series that of a patient's CT."""

    def change(index: int, data: FileDataset) -> None:
        for keyword, value in {**PATIENT, **(values or {})}.items():
            if value is None:
                data.pop(keyword, None)
            else:
                setattr(data, keyword, value)
        data.InstanceNumber = 100 - index
        data.Rows, data.Columns = hu.shape[1:]
        data.PixelData = (hu[index] + 1024).astype(np.uint16).tobytes()
        if edit is not None:
            edit(index, data)

    return change


def multi_frame(folder: Path, hu: NDArray[np.int16], order: list[int]) -> Path:
    """Write an Enhanced CT whose frame k is the slice order[k]."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = EnhancedCTImageStorage, "1.2.9"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = EnhancedCTImageStorage, "1.2.9"
    data.SeriesInstanceUID, data.Modality = "1.2.3.300", "CT"
    for keyword, value in PATIENT.items():
        setattr(data, keyword, value)
    data.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    data.NumberOfFrames, data.Rows, data.Columns = hu.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 0
    shared = Dataset()
    shared.PixelMeasuresSequence = [Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = [0.8, 0.7]
    shared.PlaneOrientationSequence = [Dataset()]
    shared.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelValueTransformationSequence = [Dataset()]
    transformation = shared.PixelValueTransformationSequence[0]
    transformation.RescaleSlope, transformation.RescaleIntercept = 1, -1024
    transformation.RescaleType = "HU"
    data.SharedFunctionalGroupsSequence = [shared]
    data.PerFrameFunctionalGroupsSequence = []
    for z in order:
        frame = Dataset()
        frame.PlanePositionSequence = [Dataset()]
        frame.PlanePositionSequence[0].ImagePositionPatient = [-10, 20, 2.5 * z]
        data.PerFrameFunctionalGroupsSequence.append(frame)
    data.PixelData = b"".join((hu[z] + 1024).astype(np.uint16).tobytes() for z in order)
    folder.mkdir()
    pydicom.dcmwrite(folder / "ct.dcm", data, enforce_file_format=True)
    return folder


def lesions(report: lungrt.Report) -> list[NDArray[np.bool_]]:
    """Return the voxels of each nodule by SciPy: its components, dilated; the first one wins."""
    assert report.masks is not None
    taken = np.zeros(report.shape, bool)
    found = []
    for nodule in report.nodules:
        core = np.isin(report.masks.labels, [mark + 1 for mark in nodule.marks])
        found.append(ndimage.binary_dilation(core) & ~taken)
        taken |= found[-1]
    return found


def segments_of(seg: Dataset, volume: lungrt.CtVolume) -> list[NDArray[np.bool_]]:
    """Return the voxels of each segment in the volume's order, placed by position alone."""
    pixels = seg.pixel_array.reshape(seg.NumberOfFrames, seg.Rows, seg.Columns)
    labelmap = seg.SegmentationType == "LABELMAP"
    count = len(seg.SegmentSequence) - labelmap
    found = [np.zeros(volume.shape, bool) for _ in range(count)]
    for frame, plane in zip(seg.PerFrameFunctionalGroupsSequence, pixels, strict=True):
        position = frame.PlanePositionSequence[0].ImagePositionPatient
        z, row, column = volume.geometry.to_index([float(value) for value in position])
        assert (row, column) == (0, 0)
        for number in range(1, count + 1):
            if labelmap:
                found[number - 1][z] |= plane == number
            elif segment_number(seg, frame) == number:
                found[number - 1][z] |= plane != 0
    return found


def segment_number(seg: Dataset, frame: Dataset) -> int:
    """Return the segment of a frame, which all share if there is one."""
    for group in (frame, seg.SharedFunctionalGroupsSequence[0]):
        if "SegmentIdentificationSequence" in group:
            return int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
    raise AssertionError("a frame without a segment")


def code(item: Dataset) -> tuple[str, str]:
    """Return value and scheme of a code."""
    return str(item.CodeValue), str(item.CodingSchemeDesignator)


def content(item: Dataset) -> Iterator[Dataset]:
    """Walk the content tree of a structured report."""
    for child in item.get("ContentSequence", []):
        yield child
        yield from content(child)


def named(item: Dataset, value: str) -> list[Dataset]:
    """Return the children of a content item with a concept name of that code."""
    return [
        child
        for child in item.ContentSequence
        if child.ConceptNameCodeSequence[0].CodeValue == value
    ]


def every(data: Dataset, keyword: str) -> Iterator[Any]:
    """Walk the elements of a keyword, at any depth."""
    for element in data:
        if element.keyword == keyword:
            yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from every(item, keyword)
