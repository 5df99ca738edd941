"""Coded concepts of the results. Each code, and each unit, is written here and nowhere else.

SCT is SNOMED CT, DCM is DICOM's own (PS3.16, annex D), LN is LOINC, UCUM has the units.
"""

from __future__ import annotations

from highdicom.sr import CodedConcept

__all__ = [
    "ABNORMAL_STRUCTURE",
    "ARTIFICIAL_INTELLIGENCE",
    "CERTAINTY_OF_FINDING",
    "COMMENT",
    "CT_PROCEDURE",
    "DIAMETER",
    "LUNG",
    "MM",
    "MM3",
    "NODULE",
    "NOT_DETECTED",
    "PERCENT",
    "PROBABILITY_OF_CANCER",
    "VOLUME",
]

ABNORMAL_STRUCTURE = CodedConcept("49755003", "SCT", "Morphologically Abnormal Structure")
NODULE = CodedConcept("27925004", "SCT", "Nodule")
LUNG = CodedConcept("39607008", "SCT", "Lung")
NOT_DETECTED = CodedConcept("260415000", "SCT", "Not detected")

ARTIFICIAL_INTELLIGENCE = CodedConcept("123110", "DCM", "Artificial Intelligence")
COMMENT = CodedConcept("121106", "DCM", "Comment")
CT_PROCEDURE = CodedConcept("25045-6", "LN", "CT unspecified body region")

VOLUME = CodedConcept("118565006", "SCT", "Volume")
DIAMETER = CodedConcept("81827009", "SCT", "Diameter")
CERTAINTY_OF_FINDING = CodedConcept("111012", "DCM", "Certainty of Finding")
PROBABILITY_OF_CANCER = CodedConcept("111047", "DCM", "Probability of cancer")

MM3 = CodedConcept("mm3", "UCUM", "cubic millimeter")
MM = CodedConcept("mm", "UCUM", "millimeter")
PERCENT = CodedConcept("%", "UCUM", "percent")
