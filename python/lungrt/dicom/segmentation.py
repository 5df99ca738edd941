"""DICOM Segmentation: a segment for each nodule."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
from highdicom import PixelMeasuresSequence
from highdicom.color import CIELabColor
from highdicom.seg import Segmentation, SegmentDescription
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from lungrt.dicom.codes import ABNORMAL_STRUCTURE, LUNG, NODULE
from lungrt.dicom.common import series_description, settle
from lungrt.dicom.equipment import algorithm_of_segments, equipment
from lungrt.dicom.slice_headers import plane_headers, references, sources_of_planes
from lungrt.dicom.uids import derived_uid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lungrt import Report
    from lungrt.dicom.source import SourceSeries, SourceSlice
    from lungrt.dicom.tracking import Tracking

__all__ = ["SERIES_NUMBER", "segmentation"]

SERIES_NUMBER = 9101
_COLOUR = CIELabColor.from_rgb(95, 208, 255)


def segmentation(
    report: Report,
    source: SourceSeries,
    labels: NDArray[np.uint16],
    tracking: list[Tracking],
    *,
    key: str,
    labelmap: bool = False,
) -> Segmentation:
    """Make a segmentation of the nodules of a report; there is at least one.

    Parameters
    ----------
    labels
        (slices, rows, columns): the number of the nodule that a voxel belongs to, from 1.
    tracking
        Identifiers of the nodules.
    key
        UID that stands for the run.
    labelmap
        Whether to make a label map, compressed by RLE, instead of one bitmap for each segment.
    """
    kind = "LABELMAP" if labelmap else "BINARY"
    # Only slices in which a nodule lies have frames.
    used = np.flatnonzero(labels.any(axis=(1, 2)))
    planes = plane_headers(source)
    measures = PixelMeasuresSequence(
        pixel_spacing=planes[0].PixelSpacing,
        slice_thickness=planes[0].SliceThickness,
        spacing_between_slices=planes[0].SpacingBetweenSlices,
    )
    algorithm = algorithm_of_segments(report)
    result = Segmentation(
        source_images=[planes[k] for k in used],
        pixel_array=labels[used],
        segmentation_type=kind,
        segment_descriptions=[
            SegmentDescription(
                segment_number=number,
                segment_label=one.identifier,
                segmented_property_category=ABNORMAL_STRUCTURE,
                segmented_property_type=NODULE,
                algorithm_type="AUTOMATIC",
                algorithm_identification=algorithm,
                tracking_uid=one.uid,
                tracking_id=one.identifier,
                anatomic_regions=[LUNG],
                display_color=_COLOUR,
            )
            for number, one in enumerate(tracking, start=1)
        ],
        series_instance_uid=derived_uid(key, kind, "series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=derived_uid(key, kind, "instance"),
        instance_number=1,
        content_label="LUNG_NODULES",
        content_description=_description(source),
        series_description=series_description("segmentation"),
        transfer_syntax_uid=RLELossless if labelmap else ExplicitVRLittleEndian,
        pixel_measures=measures,
        **equipment(report),
    )
    result.ContentCreatorName = None  # nobody, but the element has to be there
    _refer_to_source(result, source)
    organization = derived_uid(key, kind, "dimensions")
    for item in (*result.DimensionOrganizationSequence, *result.DimensionIndexSequence):
        item.DimensionOrganizationUID = organization
    settle(result, report, source)
    return result


def _description(source: SourceSeries) -> str:
    if source.volume.is_interpolated:
        return "Lung nodules, on the grid that the CT was resampled to"
    return "Lung nodules, on the grid of the CT"


def _refer_to_source(result: Segmentation, source: SourceSeries) -> None:
    """Refer to the real slices, and their frames, in place of the planes that stand for them."""
    slices_of = sources_of_planes(source)
    result.SourceImageSequence = references(
        [one for item in result.SourceImageSequence for one in slices_of[_referenced(item)]],
        frames=True,
    )
    preserved = "NO" if source.volume.is_interpolated else "YES"
    for frame in result.PerFrameFunctionalGroupsSequence:
        for derivation in frame.DerivationImageSequence:
            (plane,) = derivation.SourceImageSequence
            derivation.SourceImageSequence = [
                _source_image(plane, one, preserved) for one in slices_of[_referenced(plane)]
            ]
    series = Dataset()
    series.SeriesInstanceUID = source.series_uid
    series.ReferencedInstanceSequence = references(list(source.slices))
    result.ReferencedSeriesSequence = [series]


def _referenced(item: Dataset) -> str:
    return str(item.ReferencedSOPInstanceUID)


def _source_image(plane: Dataset, one: SourceSlice, preserved: str) -> Dataset:
    item = deepcopy(plane)  # elements of a dataset are shared, and changed in place
    item.ReferencedSOPClassUID = one.class_uid
    item.ReferencedSOPInstanceUID = one.instance_uid
    if one.frame:
        item.ReferencedFrameNumber = one.frame
    item.SpatialLocationsPreserved = preserved
    return item
