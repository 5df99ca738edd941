"""The DICOM series that a CT was read from: its headers, read again, for results that refer to it.

Headers may hold anything. Of what is wrong with them, messages name files and tags, never values:
a value may be a patient's.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pydicom.config
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from lungrt.dicom.quiet import quiet
from lungrt.dicom.uids import derived_uid
from lungrt.errors import BadVolume, InvalidArgument, Io

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lungrt import CtVolume
    from lungrt._core import SliceSource

__all__ = ["SourceSeries", "SourceSlice", "read_source"]

_UID = re.compile(r"[0-9.]{1,64}")


@dataclass(frozen=True)
class SourceSlice:
    """A slice that results refer to.

    Attributes
    ----------
    class_uid, instance_uid : str
        SOP class and SOP instance.
    frame : int
        Frame in a multi-frame instance, from 1; 0 for an instance of one slice.
    position_mm : tuple of float
        Image position (x, y, z) of its first pixel, mm, LPS.
    thickness_mm : float or None
        Slice thickness.
    number : str
        Instance number, by which people find the image; empty if it is no number.
    """

    class_uid: str
    instance_uid: str
    frame: int
    position_mm: tuple[float, float, float]
    thickness_mm: float | None
    number: str


@dataclass(frozen=True)
class SourceSeries:
    """What results take from the series of a CT.

    Attributes
    ----------
    volume : lungrt.CtVolume
        The CT that was read from it.
    header : pydicom.Dataset
        Header of the first slice, with the patient and the study.
    slices : tuple of SourceSlice
        In the order of the volume's slices; one for each, unless the volume is interpolated.
    study_uid, series_uid, frame_of_reference : str
        UIDs of results and references.
    notes : tuple of str
        What was assumed.
    """

    volume: CtVolume
    header: Dataset
    slices: tuple[SourceSlice, ...]
    study_uid: str
    series_uid: str
    frame_of_reference: str
    notes: tuple[str, ...]


def read_source(volume: CtVolume) -> SourceSeries:
    """Read the headers of the slices that a CT was made of once more.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the CT does not come from DICOM files.
    lungrt.errors.Io
        If a file is gone, has changed since the CT was read, or cannot be read.
    lungrt.errors.BadVolume
        If the series has no UIDs that a result could refer to.
    """
    if not volume.sources:
        raise InvalidArgument(
            "DICOM results belong to the patient, the study and the slices of a DICOM series, but "
            "this CT comes from an image file or an array, which has none of them; diagnose the "
            "folder of the DICOM series itself"
        )
    headers: dict[Path, Dataset] = {}
    with quiet():
        for one in volume.sources:
            if one.path not in headers:
                headers[one.path] = _header(one)
        slices = tuple(_slice(one, headers[one.path]) for one in volume.sources)
        names = {(one.instance_uid, one.frame) for one in slices}
        if len(names) < len(slices):
            raise BadVolume(
                f"{volume.sources[0].path.parent}: several slices have the same SOPInstanceUID "
                "(0008,0018), so that a result cannot refer to one of them; export the series anew"
            )
        study = _common_uid(headers, "StudyInstanceUID")
        series = _common_uid(headers, "SeriesInstanceUID")
        frame_of_reference, notes = _frame_of_reference(headers, series)
        first = headers[volume.sources[0].path]
    return SourceSeries(volume, first, slices, study, series, frame_of_reference, tuple(notes))


def _header(source: SliceSource) -> Dataset:
    with _unchanged(source):
        try:
            return pydicom.dcmread(source.path, stop_before_pixels=True, force=True)
        except (InvalidDicomError, ValueError, EOFError, NotImplementedError) as error:
            raise Io(f"{source.path}: its header cannot be read again") from error


@contextmanager
def _unchanged(source: SliceSource) -> Iterator[None]:
    """Refuse a file that is not the one that the CT was read from, before and after a block."""
    _require_version(source)
    yield
    _require_version(source)


def _require_version(source: SliceSource) -> None:
    try:
        status = source.path.stat()
    except FileNotFoundError as error:
        raise Io(
            f"{source.path}: is no longer there, but DICOM results need the headers of the CT's "
            "files. A zip archive is unpacked only while it is read: unpack it, and diagnose the "
            "folder"
        ) from error
    except OSError as error:
        raise Io(f"{source.path}: cannot be read again ({error.strerror})") from error
    if (status.st_size, status.st_mtime_ns) != (source.bytes, source.modified_ns):
        raise Io(
            f"{source.path}: has changed since the CT was read, so that results might refer to "
            "another image; diagnose the series again"
        )


def _slice(source: SliceSource, header: Dataset) -> SourceSlice:
    if str(header.get("SOPInstanceUID", "")) != source.instance_uid:
        raise Io(
            f"{source.path}: its SOPInstanceUID (0008,0018) is not the one that was read; diagnose "
            "the series again"
        )
    _require_uid(source.path, header, "SOPInstanceUID")
    _require_uid(source.path, header, "SOPClassUID")
    groups = [header]
    if source.frame:
        groups = [
            header.PerFrameFunctionalGroupsSequence[source.frame - 1],
            *header.get("SharedFunctionalGroupsSequence", []),
            header,
        ]
    position = _first_value(groups, "PlanePositionSequence", "ImagePositionPatient")
    thickness = _first_value(groups, "PixelMeasuresSequence", "SliceThickness")
    x, y, z = (float(value) for value in position)
    number = str(header.get("InstanceNumber", ""))
    return SourceSlice(
        class_uid=str(header.SOPClassUID),
        instance_uid=source.instance_uid,
        frame=source.frame,
        position_mm=(x, y, z),
        thickness_mm=_positive(thickness),
        number=number if number.isdecimal() else "",
    )


def _first_value(groups: list[Dataset], sequence: str, keyword: str) -> Any:
    """Return a value of the first functional group, or header, that has it."""
    for group in groups:
        for data in (*group.get(sequence, []), group):
            if keyword in data:
                return data[keyword].value
    return None


def _positive(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) and number > 0 else None


def _require_uid(path: Path, header: Dataset, keyword: str) -> str:
    uid = str(header.get(keyword, ""))
    if _UID.fullmatch(uid):
        return uid
    tag = pydicom.datadict.tag_for_keyword(keyword) or 0
    place = f"{keyword} ({tag >> 16:04X},{tag & 0xFFFF:04X})"
    raise BadVolume(
        f"{path}: {place} is {'no UID' if uid else 'missing'}, but a DICOM result refers to its "
        "study, series and images by their UIDs; export the series with them, or write the report "
        "to .json"
    )


def _common_uid(headers: dict[Path, Dataset], keyword: str) -> str:
    uids = {_require_uid(path, header, keyword): path for path, header in headers.items()}
    if len(uids) > 1:
        first, second = list(uids.values())[:2]
        raise BadVolume(
            f"{first} and {second} differ in {keyword}, but a result belongs to one; export the "
            "series anew"
        )
    return next(iter(uids))


def _frame_of_reference(headers: dict[Path, Dataset], series: str) -> tuple[str, list[str]]:
    """Return one UID for all slices, which have one grid, and what has to be said about it."""
    stated = [str(header.get("FrameOfReferenceUID", "")) for header in headers.values()]
    valid = [uid for uid in stated if _UID.fullmatch(uid)]
    if not valid:
        return derived_uid("frame of reference", series), [
            "the slices state no frame of reference; the DICOM results have one that is derived "
            "from the UID of the series"
        ]
    if len(set(valid)) > 1:
        return valid[0], [
            f"the slices state {len(set(valid))} frames of reference; the DICOM results have that "
            "of the first slice, so that a viewer may show them beside the CT instead of on it"
        ]
    return valid[0], []
