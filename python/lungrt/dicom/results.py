"""All results of a diagnosis, which refer to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungrt.dicom.capture import capture
from lungrt.dicom.label_map import nodule_labels
from lungrt.dicom.measurement_report import measurement_report
from lungrt.dicom.quiet import quiet
from lungrt.dicom.segmentation import segmentation
from lungrt.dicom.tracking import tracking_of
from lungrt.dicom.uids import run_key
from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from lungrt import Report
    from lungrt.dicom.source import SourceSeries

__all__ = ["Results", "make_results"]


@dataclass(frozen=True)
class Results:
    """DICOM objects of a diagnosis.

    Attributes
    ----------
    report : pydicom.Dataset
        Comprehensive 3D SR, after TID 1500.
    segmentation, capture : pydicom.Dataset or None
        Segmentation with a segment for each nodule, and secondary capture that shows them; None if
        there are no nodules.
    notes : tuple of str
        What was assumed.
    """

    report: Dataset
    segmentation: Dataset | None
    capture: Dataset | None
    notes: tuple[str, ...]


def make_results(report: Report, source: SourceSeries, *, labelmap: bool = False) -> Results:
    """Make the DICOM objects of a report.

    The same report of the same source gives the same objects, to the byte.

    Parameters
    ----------
    report
        Report of a run on ``source.volume`` with ``keep_masks=True``.
    source
        The series of the CT; see `read_source`.
    labelmap
        Make the segmentation a label map, compressed by RLE (SOP class 1.2.840.10008.5.1.4.1.1.66.7
        of 2023), which is smaller than bitmaps, but which few archives take.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the report has no masks, or is that of another CT.
    """
    volume = source.volume
    if (report.series_uid, report.shape, report.geometry) != (
        volume.series_uid,
        volume.shape,
        volume.geometry,
    ):
        raise InvalidArgument(
            "the report is not that of this CT: its series, shape or geometry differs; give the "
            "volume that the pipeline has run on"
        )
    labels = nodule_labels(report)
    with quiet():
        key = run_key(report, source)
        tracking = tracking_of(report, key)
        segments = picture = None
        if tracking:
            segments = segmentation(report, source, labels, tracking, key=key, labelmap=labelmap)
            picture = capture(report, source, labels, key=key)
        document = measurement_report(report, source, segments, tracking, key=key)
    notes = list(source.notes)
    if volume.is_interpolated and segments is not None:
        notes.append(
            "the DICOM segmentation has the grid that the CT was resampled to, not that of the "
            "slices"
        )
    return Results(document, segments, picture, tuple(notes))
