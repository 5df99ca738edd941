"""Search for the CTs of a folder, by series."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.data.luna16_format import MASK_FOLDERS
from lungrt.errors import Error, InvalidArgument, Io

if TYPE_CHECKING:
    from collections.abc import Collection

    from lungrt import CtVolume

__all__ = ["ScanFile", "find_scans"]

_NO_SCANS = (MASK_FOLDERS, ".")  # what the names of folders without scans begin with
_DICOM_SUFFIXES = (".dcm", ".ima")


@dataclass(frozen=True)
class ScanFile:
    """CT on disk.

    Attributes
    ----------
    series_uid : str
        Its name in the annotations: a series UID, or the name of a file or folder without suffix.
    path : Path
        Image file or folder of DICOM files.
    dicom_series : str or None
        UID of the series in the DICOM folder.
    """

    series_uid: str
    path: Path
    dicom_series: str | None = None

    def read(self) -> CtVolume:
        """Read the CT; its series UID is the name in the annotations."""
        from lungrt import CtVolume, read_ct

        volume = read_ct(self.path, series=self.dicom_series)
        if volume.series_uid == self.series_uid:
            return volume
        return CtVolume(volume.hu, volume.geometry, series_uid=self.series_uid, notes=volume.notes)


def find_scans(folder: Path, named: Collection[str] = ()) -> list[ScanFile]:
    """Find every CT in a folder and its subfolders, sorted by series.

    The series of an image file is its name, as in LUNA16. The series of DICOM files (``.dcm``,
    ``.ima``) is their series UID, or the name of their folder if the annotations use that. Folders
    ``seg-...`` hold masks and are skipped.

    Parameters
    ----------
    folder
        Folder such as LUNA16's, with ``subset0`` to ``subset9``.
    named
        Names of series in the annotations.

    Raises
    ------
    lungrt.errors.Io
        The folder does not exist.
    lungrt.errors.InvalidArgument
        A series was found twice.
    """
    from lungrt.io.image import IMAGE_SUFFIXES

    if not folder.is_dir():
        raise Io(f"{folder}: folder not found; expected a folder of CTs")
    scans: dict[str, ScanFile] = {}
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(_NO_SCANS))
        for scan in _scans_of(Path(place), sorted(files), IMAGE_SUFFIXES, named):
            if scan.series_uid in scans:
                raise InvalidArgument(
                    f"series {scan.series_uid} was found twice: {scans[scan.series_uid].path} and "
                    f"{scan.path}; keep only one of them"
                )
            scans[scan.series_uid] = scan
    return [scans[uid] for uid in sorted(scans)]


def _scans_of(
    folder: Path, files: list[str], suffixes: tuple[str, ...], named: Collection[str]
) -> list[ScanFile]:
    found = [
        ScanFile(name.removesuffix(suffix), folder / name)
        for name in files
        for suffix in suffixes
        if name.endswith(suffix) and not name.startswith(".")  # such as macOS writes into archives
    ]
    if any(name.lower().endswith(_DICOM_SUFFIXES) for name in files):
        from lungrt import list_series

        try:
            series = [info.uid for info in list_series(folder) if info.modality == "CT"]
        except Error:  # reported later by the scan's read(), so that the other scans still run
            return [*found, ScanFile(folder.name, folder)]
        for uid in series:
            alias = len(series) == 1 and uid not in named and folder.name in named
            found.append(ScanFile(folder.name if alias else uid, folder, uid))
    return found
