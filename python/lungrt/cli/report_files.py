"""Files that a diagnosis is written to, by their suffix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lungrt import CtVolume, Report

__all__ = [
    "SUFFIXES",
    "check_pictures",
    "have_pictures",
    "kind_of_source",
    "read_patient",
    "report_content",
]

SUFFIXES = (".json", ".csv", ".html", ".png")
"""Suffixes of the files that a report can be written to."""

_PICTURES = (".html", ".png")
_SOURCES = {
    ".nii": "a NIfTI file",
    ".nii.gz": "a NIfTI file",
    ".hdr": "a NIfTI file",
    ".mhd": "a MetaImage file",
    ".mha": "a MetaImage file",
    ".nrrd": "an NRRD file",
    ".nhdr": "an NRRD file",
    ".zip": "a zip archive",
}


def have_pictures(paths: Sequence[Path]) -> bool:
    """Return whether one of the files has pictures, for which the run must keep its masks."""
    return any(path.suffix.lower() in _PICTURES for path in paths)


def report_content(
    path: Path,
    report: Report,
    volume: CtVolume,
    *,
    candidates: bool,
    source: str,
    patient: dict[str, str],
    viewer: bool,
) -> str | bytes:
    """Return the content of a report's file.

    Parameters
    ----------
    path
        The file, with one of the `SUFFIXES`.
    report, volume
        The diagnosis, with masks if `have_pictures`, and its CT.
    candidates
        Whether JSON and CSV list every candidate.
    source, patient, viewer
        See `Report.to_html`.
    """
    match path.suffix.lower():
        case ".csv":
            return report.to_csv(candidates=candidates)
        case ".html":
            return report.to_html(volume, source=source, patient=patient, viewer=viewer)
        case ".png":
            return report.to_png(volume)
        case _:
            return report.to_json(candidates) + "\n"


def check_pictures(paths: Sequence[Path], *, show_patient: bool, viewer: bool) -> None:
    """Check options that concern a page before the run.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If there is no page, or the viewer is no part of this installation.
    """
    given = {"--show-patient": show_patient, "--viewer": viewer}
    if not any(path.suffix.lower() == ".html" for path in paths):
        for name in (name for name, is_given in given.items() if is_given):
            raise InvalidArgument(f"{name} needs a page: add --output FILE.html")
    if viewer:
        from lungrt.html_report.viewer import check_viewer

        check_viewer()


def kind_of_source(ct: Path) -> str:
    """Return in words what a CT is read from, without its name, which may be a patient's."""
    name = ct.name.lower()
    kinds = (kind for suffix, kind in _SOURCES.items() if name.endswith(suffix))
    return "a DICOM series" if ct.is_dir() else next(kinds, "a DICOM series")


def read_patient(ct: Path, volume: CtVolume) -> dict[str, str]:
    """Return what a report shows of a patient and a series if that is asked for, by its name.

    Raises
    ------
    lungrt.errors.InvalidArgument
        If the CT is not a DICOM series.
    """
    from lungrt.io import list_series

    if not volume.series_uid:
        raise InvalidArgument(
            f"{ct}: --show-patient needs a DICOM series, because other files do not say whose scan "
            "they hold; leave the option out"
        )
    uid = volume.series_uid
    series = next(series for series in list_series(ct) if series.uid == uid)
    known = {
        "Patient ID": series.patient_id,
        "Series": series.description,
        "Series number": series.number,
        "Series UID": uid,
    }
    return {name: value for name, value in known.items() if value}
