"""Headers that highdicom takes as source images: plain slices with what the results need alone.

A real header may lack what highdicom asks for, hold what it refuses, or be that of a multi-frame
file. These are made of what the reader has checked, one for each slice of the volume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

from lungrt.dicom.uids import derived_uid

if TYPE_CHECKING:
    from lungrt.dicom.source import SourceSeries, SourceSlice

__all__ = ["instance_header", "plane_headers", "references", "sources_of_planes"]


_ON_MM = 0.01  # how far a slice may lie from a plane that it is on


def _header(source: SourceSeries, class_uid: str, instance_uid: str) -> Dataset:
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SOPClassUID, header.SOPInstanceUID = class_uid, instance_uid
    header.StudyInstanceUID, header.SeriesInstanceUID = source.study_uid, source.series_uid
    header.FrameOfReferenceUID = source.frame_of_reference
    header.PositionReferenceIndicator = source.header.get("PositionReferenceIndicator")
    header.Modality = "CT"
    # The result gets those of the real header.
    for keyword in (
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "AccessionNumber",
        "StudyID",
        "StudyDate",
        "StudyTime",
        "ReferringPhysicianName",
    ):
        setattr(header, keyword, None)
    return header


def instance_header(source: SourceSeries, one: SourceSlice) -> Dataset:
    """Header of the instance that holds a slice."""
    return _header(source, one.class_uid, one.instance_uid)


def plane_headers(source: SourceSeries) -> list[Dataset]:
    """Return a header for each slice of the volume, whose instance UIDs stand for the slices only.

    `sources_of_planes` has the slices to refer to instead.
    """
    volume = source.volume
    x, y, z = volume.geometry.spacing_mm
    direction = np.asarray(volume.geometry.direction)
    headers = []
    for plane in range(volume.shape[0]):
        header = _header(source, CTImageStorage, derived_uid("plane", plane))
        if volume.is_interpolated:
            position, thickness = volume.geometry.to_world((plane, 0, 0)), z
        else:
            position = source.slices[plane].position_mm
            thickness = source.slices[plane].thickness_mm or z
        header.ImagePositionPatient = [format_number_as_ds(float(value)) for value in position]
        header.ImageOrientationPatient = [
            format_number_as_ds(float(value)) for value in (*direction[:, 0], *direction[:, 1])
        ]
        header.PixelSpacing = [format_number_as_ds(y), format_number_as_ds(x)]
        header.SliceThickness = format_number_as_ds(thickness)
        header.SpacingBetweenSlices = format_number_as_ds(z)
        header.Rows, header.Columns = volume.shape[1:]
        lossy = str(source.header.get("LossyImageCompression", "00"))
        header.LossyImageCompression = lossy if lossy in ("00", "01") else "00"
        headers.append(header)
    return headers


def sources_of_planes(source: SourceSeries) -> dict[str, list[SourceSlice]]:
    """Return the slices that each plane was made of, by the instance UID of its header."""
    volume = source.volume
    names = [derived_uid("plane", plane) for plane in range(volume.shape[0])]
    if not volume.is_interpolated:
        return {name: [one] for name, one in zip(names, source.slices, strict=True)}
    # An interpolated plane lies between two slices, or on one.
    normal = np.asarray(volume.geometry.direction)[:, 2]
    places = np.array([one.position_mm for one in source.slices]) @ normal
    result = {}
    for plane, name in enumerate(names):
        away = places - np.asarray(volume.geometry.to_world((plane, 0, 0))) @ normal
        below = away <= _ON_MM
        above = away >= -_ON_MM
        near = {
            int(np.flatnonzero(side)[np.abs(away[side]).argmin()])
            for side in (below, above)
            if side.any()
        }
        result[name] = [source.slices[k] for k in sorted(near)]
    return result


def references(slices: list[SourceSlice], *, frames: bool = False) -> list[Dataset]:
    """Return references to the instances of slices, each once, in their order.

    Parameters
    ----------
    frames
        Whether to name the frames of multi-frame instances.
    """
    items: dict[str, Dataset] = {}
    numbers: dict[str, list[int]] = {}
    for one in slices:
        if one.instance_uid not in items:
            item = Dataset()
            item.ReferencedSOPClassUID = one.class_uid
            item.ReferencedSOPInstanceUID = one.instance_uid
            items[one.instance_uid] = item
        if one.frame and one.frame not in numbers.setdefault(one.instance_uid, []):
            numbers[one.instance_uid].append(one.frame)
    if frames:
        for name, of_instance in numbers.items():
            items[name].ReferencedFrameNumber = sorted(of_instance)
    return list(items.values())
