"""What all results have in common: patient and study of the source, its dates, the equipment."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from highdicom.base import SOPClass
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from lungrt.dicom.equipment import contributing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lungrt import Report
    from lungrt.dicom.source import SourceSeries

__all__ = ["encoded", "series_description", "settle"]

_EPOCH = "19700101"


def series_description(what: str) -> str:
    """Name of a series of results, which says what made it."""
    return f"lungrt {what} (research only)"


def settle(result: SOPClass, report: Report, source: SourceSeries) -> None:
    """Give a result what highdicom would take from the clock, or from headers that it checks.

    Patient and study are those of the source, as they are. A result is dated like the source, so
    that the same run gives the same bytes.
    """
    header = source.header
    for keyword in ("SpecificCharacterSet", "TimezoneOffsetFromUTC"):
        if keyword in result:
            delattr(result, keyword)
        if keyword in header:
            result[keyword] = header[keyword]
    view = Dataset()
    view.update(header)
    # Whose modules highdicom knows. Assigned by its name, it would change the header as well.
    view.add_new("SOPClassUID", "UI", CTImageStorage)
    result.copy_patient_and_study_information(view)
    for kind, value in zip(("Date", "Time"), _moment(header), strict=True):
        setattr(result, f"Content{kind}", value)
        setattr(result, f"Series{kind}", value)
    for what in ("InstanceCreation{}", "{}OfSecondaryCapture"):  # optional, and of this run
        for kind in ("Date", "Time"):
            result.pop(what.format(kind), None)
    result.ContributingEquipmentSequence = contributing(report)


def _moment(header: Dataset) -> tuple[str, str]:
    """Return date and time of the source: of its content, acquisition, series or study."""
    for date, time in _moments(header):
        if re.fullmatch(r"[0-9]{8}", date):
            return date, time if re.fullmatch(r"[0-9]{6}(\.[0-9]{1,6})?", time) else "000000"
    return _EPOCH, "000000"


def _moments(header: Dataset) -> Iterator[tuple[str, str]]:
    for name in ("Content", "Acquisition", "Series", "Study"):
        yield str(header.get(f"{name}Date") or ""), str(header.get(f"{name}Time") or "")


def encoded(result: Dataset) -> bytes:
    """Return the file of a result."""
    file = io.BytesIO()
    result.save_as(file, enforce_file_format=True)
    return file.getvalue()
