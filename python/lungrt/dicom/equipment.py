"""Who made the results: the equipment, and the algorithm with its version and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from highdicom import AlgorithmIdentificationSequence, ContributingEquipment
from highdicom.sr import AlgorithmIdentification, CodedConcept

from lungrt.dicom.codes import ARTIFICIAL_INTELLIGENCE
from lungrt.dicom.uids import device_uid

if TYPE_CHECKING:
    from lungrt import Report

__all__ = ["NAME", "algorithm_of_report", "algorithm_of_segments", "contributing", "equipment"]

NAME = "lungrt"
_PROCESSING = CodedConcept("109102", "DCM", "Processing Equipment")


class Equipment(TypedDict):
    """Arguments of highdicom's classes that describe the equipment."""

    manufacturer: str
    manufacturer_model_name: str
    software_versions: str
    device_serial_number: str


def equipment(report: Report) -> Equipment:
    """Return what made the results."""
    return {
        "manufacturer": NAME,
        "manufacturer_model_name": NAME,
        "software_versions": report.provenance.lungrt_version,
        # 64 digits, which is the most that a serial number may have.
        "device_serial_number": report.provenance.bundle_sha256,
    }


def contributing(report: Report) -> list[ContributingEquipment]:
    """Return items of Contributing Equipment (0018,A001), as IHE AI Results has them."""
    own = ContributingEquipment(
        purpose_of_reference=_PROCESSING,
        contribution_description="Lung nodule detection and segmentation",
        **equipment(report),
    )
    own.DeviceUID = device_uid(report)
    library = ContributingEquipment.for_highdicom()
    del library.ContributionDateTime  # the time of this run
    return [own, library]


def _parameters(report: Report) -> dict[str, str]:
    options = report.to_dict(with_candidates=False)["options"]
    return {
        "bundle sha256": report.provenance.bundle_sha256,
        "profile": report.options.profile,
        "engine": f"{report.engine} on {report.device.partition(':')[0]}",
        **{name: str(value) for name, value in options.items() if name != "profile"},
    }


def algorithm_of_report(report: Report) -> AlgorithmIdentification:
    """Return TID 4019, Algorithm Identification, for a measurement group."""
    return AlgorithmIdentification(
        name=NAME,
        version=report.provenance.lungrt_version,
        # In one item: readers keep only the last of several.
        parameters=["; ".join(f"{name}={value}" for name, value in _parameters(report).items())],
        family=ARTIFICIAL_INTELLIGENCE,
        manufacturer=NAME,
    )


def algorithm_of_segments(report: Report) -> AlgorithmIdentificationSequence:
    """Return the macro of the same name for the segments."""
    return AlgorithmIdentificationSequence(
        name=NAME,
        family=ARTIFICIAL_INTELLIGENCE,
        version=report.provenance.lungrt_version,
        source=NAME,
        parameters=_parameters(report),
    )
