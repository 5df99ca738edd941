"""The CTs of a folder, by series."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt.errors import Error, InvalidArgument, Io

if TYPE_CHECKING:
    from collections.abc import Collection

    from lungrt import CtVolume

__all__ = ["Scan", "find_scans"]

_NO_SCANS = ("seg-", ".")  # folders: LUNA16's masks are named as the scans are
_DICOM_SUFFIXES = (".dcm", ".ima")


@dataclass(frozen=True)
class Scan:
    """A CT on disk.

    Attributes
    ----------
    series_uid : str
        What annotations call it: a series' UID, or the name of a file or folder without its suffix.
    path : Path
        An image file or a folder of DICOM files.
    dicom_series : str or None
        UID in the folder.
    """

    series_uid: str
    path: Path
    dicom_series: str | None = None

    def read(self) -> CtVolume:
        """Read the CT; it bears the name that annotations have for it."""
        from lungrt import CtVolume, read_ct

        volume = read_ct(self.path, series=self.dicom_series)
        if volume.series_uid == self.series_uid:
            return volume
        return CtVolume(volume.hu, volume.geometry, series_uid=self.series_uid, notes=volume.notes)


def find_scans(folder: Path, named: Collection[str] = ()) -> list[Scan]:
    """Find every CT in a folder and its sub-folders, ascending by series.

    Image files are series of the file's name, as LUNA16 has them; DICOM files (``.dcm``, ``.ima``)
    belong to the series that they say, or to their folder's name where annotations use that.
    Folders ``seg-...`` hold masks and are left out.

    Parameters
    ----------
    folder
        Such as LUNA16's, with ``subset0`` to ``subset9``.
    named
        Names that annotations use.

    Raises
    ------
    lungrt.errors.Io
        There is no such folder.
    lungrt.errors.InvalidArgument
        It holds a series twice.
    """
    from lungrt.io.image import IMAGE_SUFFIXES

    if not folder.is_dir():
        raise Io(f"{folder}: no such folder; expected one that holds CTs")
    scans: dict[str, Scan] = {}
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(_NO_SCANS))
        for scan in _scans_of(Path(place), sorted(files), IMAGE_SUFFIXES, named):
            if scan.series_uid in scans:
                raise InvalidArgument(
                    f"series {scan.series_uid} is there twice: {scans[scan.series_uid].path} and "
                    f"{scan.path}; keep one"
                )
            scans[scan.series_uid] = scan
    return [scans[uid] for uid in sorted(scans)]


def _scans_of(
    folder: Path, files: list[str], suffixes: tuple[str, ...], named: Collection[str]
) -> list[Scan]:
    found = [
        Scan(name.removesuffix(suffix), folder / name)
        for name in files
        for suffix in suffixes
        if name.endswith(suffix)
    ]
    if any(name.lower().endswith(_DICOM_SUFFIXES) for name in files):
        from lungrt import list_series

        try:
            series = [info.uid for info in list_series(folder) if info.modality == "CT"]
        except Error:  # told when the scan is read, so that it does not end a run over many
            return [*found, Scan(folder.name, folder)]
        for uid in series:
            alias = len(series) == 1 and uid not in named and folder.name in named
            found.append(Scan(folder.name if alias else uid, folder, uid))
    return found
