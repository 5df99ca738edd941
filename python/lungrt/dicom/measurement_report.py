"""DICOM Structured Report: Comprehensive 3D SR after TID 1500, Measurement Report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from highdicom.sr import (
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    ReferencedSegment,
    RelationshipTypeValues,
    SourceSeriesForSegmentation,
    TextContentItem,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom.sr.codedict import codes

from lungrt.dicom.codes import (
    ABNORMAL_STRUCTURE,
    CERTAINTY_OF_FINDING,
    COMMENT,
    CT_PROCEDURE,
    DIAMETER,
    LUNG,
    MM,
    MM3,
    NODULE,
    NOT_DETECTED,
    PERCENT,
    PROBABILITY_OF_CANCER,
    VOLUME,
)
from lungrt.dicom.common import series_description, settle
from lungrt.dicom.equipment import NAME, algorithm_of_report, equipment
from lungrt.dicom.slice_headers import instance_header
from lungrt.dicom.uids import derived_uid, device_uid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from highdicom.seg import Segmentation
    from pydicom.dataset import Dataset

    from lungrt import Nodule, Report
    from lungrt.dicom.source import SourceSeries
    from lungrt.dicom.tracking import Tracking

__all__ = ["SERIES_NUMBER", "measurement_report"]

SERIES_NUMBER = 9102


def measurement_report(
    report: Report,
    source: SourceSeries,
    segments: Segmentation | None,
    tracking: list[Tracking],
    *,
    key: str,
) -> Comprehensive3DSR:
    """Make a structured report of the nodules of a report, or one that says there are none.

    Parameters
    ----------
    segments
        Segmentation of the nodules, which the report refers to; None if there are none.
    tracking
        Identifiers of the nodules.
    key
        UID that stands for the run.
    """
    groups: Sequence[
        VolumetricROIMeasurementsAndQualitativeEvaluations | MeasurementsAndQualitativeEvaluations
    ]
    if segments is None:
        groups = [_no_nodules(report, key)]
    else:
        groups = [
            _group(number, nodule, one, report, source, segments)
            for number, (nodule, one) in enumerate(
                zip(report.nodules, tracking, strict=True), start=1
            )
        ]
    instances = {one.instance_uid: one for one in source.slices}
    evidence: list[Dataset] = [instance_header(source, one) for one in instances.values()]
    if segments is not None:
        evidence.append(segments)
    # Another segmentation is another report, which refers to it.
    about = "none" if segments is None else str(segments.SOPInstanceUID)
    result = Comprehensive3DSR(
        evidence=evidence,
        content=MeasurementReport(
            observation_context=_observer(report),
            procedure_reported=CT_PROCEDURE,
            imaging_measurements=groups,
        ),
        series_instance_uid=derived_uid(key, about, "report series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=derived_uid(key, about, "report instance"),
        instance_number=1,
        is_complete=True,
        series_description=series_description("report"),
        **equipment(report),
    )
    settle(result, report, source)
    return result


def _observer(report: Report) -> ObservationContext:
    return ObservationContext(
        observer_device_context=ObserverContext(
            observer_type=codes.DCM.Device,
            observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
                uid=device_uid(report),
                name=NAME,
                manufacturer_name=NAME,
                model_name=NAME,
                serial_number=report.provenance.bundle_sha256,
            ),
        )
    )


def _group(
    number: int,
    nodule: Nodule,
    tracking: Tracking,
    report: Report,
    source: SourceSeries,
    segments: Segmentation,
) -> VolumetricROIMeasurementsAndQualitativeEvaluations:
    """TID 1411, volumetric ROI measurements, of a nodule."""
    group = VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(uid=tracking.uid, identifier=tracking.identifier),
        referenced_segment=ReferencedSegment(
            sop_class_uid=segments.SOPClassUID,
            sop_instance_uid=segments.SOPInstanceUID,
            segment_number=number,
            source_series=SourceSeriesForSegmentation(source.series_uid),
        ),
        finding_category=ABNORMAL_STRUCTURE,
        finding_type=NODULE,
        finding_sites=[FindingSite(anatomic_location=LUNG)],
        algorithm_id=algorithm_of_report(report),
        measurements=_measurements(nodule),
    )
    # For people: programs have the segment.
    group[0].ContentSequence.append(
        TextContentItem(
            name=COMMENT,
            value=_place(nodule, source),
            relationship_type=RelationshipTypeValues.CONTAINS,
        )
    )
    return group


def _place(nodule: Nodule, source: SourceSeries) -> str:
    """Say where a nodule is, by its image and in the patient's coordinates."""
    x, y, z = nodule.center_mm
    place = f"Centre at x {x:.1f}, y {y:.1f}, z {z:.1f} mm (LPS)"
    if source.volume.is_interpolated:
        return place
    image = source.slices[nodule.index[0]]
    if image.frame:
        place += f", in frame {image.frame}"
    if image.number:
        place += f"{' of' if image.frame else ', in'} image {image.number}"
    return place


def _measurements(nodule: Nodule) -> list[Measurement]:
    measurements = [
        Measurement(name=VOLUME, value=round(nodule.volume_mm3, 1), unit=MM3),
        Measurement(name=DIAMETER, value=round(nodule.diameter_mm, 2), unit=MM),
        Measurement(name=CERTAINTY_OF_FINDING, value=_percent(nodule.p_nodule), unit=PERCENT),
    ]
    if nodule.p_malignant is not None:
        measurements.append(
            Measurement(
                name=PROBABILITY_OF_CANCER, value=_percent(nodule.p_malignant), unit=PERCENT
            )
        )
    return measurements


def _no_nodules(report: Report, key: str) -> MeasurementsAndQualitativeEvaluations:
    """TID 1501, a group without a region, that says that no nodule was detected."""
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=derived_uid(key, "no nodules"), identifier="Nodules"
        ),
        finding_sites=[FindingSite(anatomic_location=LUNG)],
        algorithm_id=algorithm_of_report(report),
        qualitative_evaluations=[QualitativeEvaluation(name=NODULE, value=NOT_DETECTED)],
    )


def _percent(probability: float) -> float:
    return round(100 * probability, 2)
