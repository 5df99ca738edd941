"""The structured report: every code, unit, number, reference and identifier."""

from __future__ import annotations

import pydicom
from dicom_examples import PATIENT, code, content, named
from pydicom.dataset import Dataset

import lungrt
import lungrt.dicom

LUNG, NODULE = ("39607008", "SCT"), ("27925004", "SCT")


def number_of(group: Dataset, concept: str) -> tuple[str, float, str, str]:
    """Return scheme of the concept, value, unit and scheme of the unit of a measurement."""
    (item,) = named(group, concept)
    assert item.ValueType == "NUM"
    (value,) = item.MeasuredValueSequence
    unit, scheme = code(value.MeasurementUnitsCodeSequence[0])
    concept_scheme = item.ConceptNameCodeSequence[0].CodingSchemeDesignator
    return concept_scheme, float(value.NumericValue), unit, scheme


def text_of(group: Dataset, concept: str) -> str:
    (item,) = named(group, concept)
    return str(item.TextValue)


def code_of(group: Dataset, concept: str) -> tuple[str, str]:
    (item,) = named(group, concept)
    return code(item.ConceptCodeSequence[0])


def groups_of(document: Dataset) -> list[Dataset]:
    (measurements,) = named(document, "126010")
    return list(measurements.ContentSequence)


def check_algorithm(group: Dataset, report: lungrt.Report) -> None:
    assert text_of(group, "111001") == "lungrt"
    assert text_of(group, "111003") == report.provenance.lungrt_version
    assert text_of(group, "122405") == "lungrt"
    assert code_of(group, "111000") == ("123110", "DCM")
    parameters = dict(part.split("=") for part in text_of(group, "111002").split("; "))
    assert parameters["bundle sha256"] == report.provenance.bundle_sha256
    assert parameters["profile"] == report.options.profile
    assert parameters["nodule_threshold"] == str(report.options.nodule_threshold)


def test_document(results: lungrt.dicom.Results, report: lungrt.Report) -> None:
    document = results.report
    assert document.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.34"
    assert document.Modality == "SR"
    assert code(document.ConceptNameCodeSequence[0]) == ("126000", "DCM")
    assert document.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    assert (document.CompletionFlag, document.VerificationFlag) == ("COMPLETE", "UNVERIFIED")
    assert code_of(document, "121058") == ("25045-6", "LN")
    assert code_of(document, "121005") == ("121007", "DCM")  # the observer is a device
    (device,) = named(document, "121012")
    assert equipment(document).DeviceUID == device.UID
    assert text_of(document, "121013") == text_of(document, "121014") == "lungrt"
    assert text_of(document, "121015") == "lungrt"
    assert text_of(document, "121016") == report.provenance.bundle_sha256
    for keyword in PATIENT.keys() - {"FrameOfReferenceUID", "Manufacturer", "SliceThickness"}:
        assert str(document[keyword].value) == str(PATIENT[keyword]), keyword


def equipment(data: Dataset) -> Dataset:
    return next(
        item for item in data.ContributingEquipmentSequence if item.Manufacturer == "lungrt"
    )


def test_equipment(results: lungrt.dicom.Results, report: lungrt.Report) -> None:
    """IHE AI Results: manufacturer, model, version and device of the algorithm, in each object."""
    uids = set()
    for data in (results.report, results.segmentation, results.capture):
        assert data is not None
        item = equipment(data)
        assert code(item.PurposeOfReferenceCodeSequence[0]) == ("109102", "DCM")
        assert item.ManufacturerModelName == data.ManufacturerModelName == "lungrt"
        assert item.SoftwareVersions == data.SoftwareVersions == report.provenance.lungrt_version
        assert item.DeviceSerialNumber == report.provenance.bundle_sha256
        uids.add(item.DeviceUID)
        assert all("ContributionDateTime" not in one for one in data.ContributingEquipmentSequence)
    (uid,) = uids
    assert uid == lungrt.dicom.uids.derived_uid("device", report.provenance.bundle_sha256)


def test_a_group_for_each_nodule(
    results: lungrt.dicom.Results, report: lungrt.Report, volume: lungrt.CtVolume
) -> None:
    seg = results.segmentation
    assert seg is not None
    groups = groups_of(results.report)
    assert len(groups) == len(report.nodules)
    for number, (group, nodule, segment) in enumerate(
        zip(groups, report.nodules, seg.SegmentSequence, strict=True), start=1
    ):
        assert code(group.ConceptNameCodeSequence[0]) == ("125007", "DCM")
        assert group.ContentTemplateSequence[0].TemplateIdentifier == "1411"
        assert text_of(group, "112039") == segment.TrackingID == f"Nodule {number}"
        (tracking,) = named(group, "112040")
        assert segment.TrackingUID == tracking.UID
        assert code_of(group, "276214006") == ("49755003", "SCT")
        assert code_of(group, "121071") == NODULE
        assert code_of(group, "363698007") == LUNG
        check_algorithm(group, report)

        (image,) = named(group, "121191")
        (reference,) = image.ReferencedSOPSequence
        assert reference.ReferencedSOPClassUID == seg.SOPClassUID
        assert reference.ReferencedSOPInstanceUID == seg.SOPInstanceUID
        assert reference.ReferencedSegmentNumber == number
        (source,) = named(group, "121232")
        assert volume.series_uid == source.UID

        assert number_of(group, "118565006") == (
            "SCT",
            round(nodule.volume_mm3, 1),
            "mm3",
            "UCUM",
        )
        assert number_of(group, "81827009") == ("SCT", round(nodule.diameter_mm, 2), "mm", "UCUM")
        certainty = number_of(group, "111012")
        assert certainty == ("DCM", round(100 * nodule.p_nodule, 2), "%", "UCUM")
        assert nodule.p_malignant is not None
        cancer = number_of(group, "111047")
        assert cancer == ("DCM", round(100 * nodule.p_malignant, 2), "%", "UCUM")
        assert len([item for item in group.ContentSequence if item.ValueType == "NUM"]) == 4
        x, y, z = nodule.center_mm
        image = pydicom.dcmread(volume.sources[nodule.index[0]].path).InstanceNumber
        place = f"Centre at x {x:.1f}, y {y:.1f}, z {z:.1f} mm (LPS), in image {image}"
        assert text_of(group, "121106") == place
    uids = [segment.TrackingUID for segment in seg.SegmentSequence]
    assert len(set(uids)) == len(uids)


def test_malignancy_that_is_not_known_is_left_out(
    results: lungrt.dicom.Results, volume: lungrt.CtVolume, report: lungrt.Report
) -> None:
    """A report whose bundle has no malignancy stage: p_malignant is None."""
    from lungrt import _core
    from lungrt.dicom.measurement_report import _measurements

    nodule = report.nodules[0]
    finding, marks = nodule.__getstate__()
    candidate, p_nodule, _ = finding
    unknown = _core.Nodule.__new__(_core.Nodule)
    unknown.__setstate__(((candidate, p_nodule, None), marks))
    concepts = [item[0].ConceptNameCodeSequence[0].CodeValue for item in _measurements(unknown)]
    assert concepts == ["118565006", "81827009", "111012"]


def test_evidence(results: lungrt.dicom.Results, volume: lungrt.CtVolume) -> None:
    """Everything that the report is about: the segmentation, and each slice of the CT."""
    seg = results.segmentation
    assert seg is not None
    found = set()
    for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence"):
        for study in results.report.get(keyword, []):
            assert study.StudyInstanceUID == PATIENT["StudyInstanceUID"]
            for series in study.ReferencedSeriesSequence:
                for instance in series.ReferencedSOPSequence:
                    found.add((series.SeriesInstanceUID, instance.ReferencedSOPInstanceUID))
    slices = {(volume.series_uid, source.instance_uid) for source in volume.sources}
    assert found == slices | {(seg.SeriesInstanceUID, seg.SOPInstanceUID)}


def test_no_nodules(none_found: lungrt.Report, volume: lungrt.CtVolume) -> None:
    results = lungrt.dicom.make_results(none_found, lungrt.dicom.read_source(volume))
    assert results.segmentation is None
    assert results.capture is None
    (group,) = groups_of(results.report)
    assert group.ContentTemplateSequence[0].TemplateIdentifier == "1501"
    assert code_of(group, "27925004") == ("260415000", "SCT")  # nodule: not detected
    assert code_of(group, "363698007") == LUNG
    check_algorithm(group, none_found)
    assert not [item for item in content(results.report) if item.ValueType in ("NUM", "IMAGE")]
