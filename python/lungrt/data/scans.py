"""Search for the CTs of a folder, by series."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungrt.data.luna16_format import MASK_FOLDERS
from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from lungrt import CtVolume
    from lungrt.io.discovery import FoundCt

__all__ = ["ScanFile", "find_scans"]


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
        UID of the series in the DICOM folder, or a part of it (``UID:PART``).
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

    The series of an image file is its name, as in LUNA16. The series of DICOM files, which may have
    any name, is their series UID, or the name of their folder if the annotations use that; of a
    series with several parts, those are scans of their own that the annotations name
    (``UID:PART``). Folders ``seg-...`` hold masks and are skipped.

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
    from lungrt.io.discovery import discover_cts

    found = discover_cts(folder, without=(MASK_FOLDERS,))
    series = Counter(ct.path for ct in found if ct.series)
    scans: dict[str, ScanFile] = {}
    for scan in (scan for ct in found for scan in _scans_of(ct, series[ct.path] == 1, named)):
        if scan.series_uid in scans:
            raise InvalidArgument(
                f"series {scan.series_uid} was found twice: {scans[scan.series_uid].path} and "
                f"{scan.path}; keep only one of them"
            )
        scans[scan.series_uid] = scan
    return [scans[uid] for uid in sorted(scans)]


def _scans_of(ct: FoundCt, alone: bool, named: Collection[str]) -> list[ScanFile]:
    """Return the scans that a CT is under the names of the annotations."""
    from lungrt.io.discovery import image_suffix

    if ct.series is None:
        name = ct.name if ct.path.is_dir() else ct.name.removesuffix(image_suffix(ct.name) or "")
        return [ScanFile(name, ct.path)]
    if parts := [part for part in ct.parts if part in named]:
        return [ScanFile(part, ct.path, part) for part in parts]
    alias = alone and ct.series not in named and ct.name in named
    return [ScanFile(ct.name if alias else ct.series, ct.path, ct.series)]
