"""Search for the CTs in a folder: what `lungrt.read_ct` can read, one by one."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lungrt import _core
from lungrt.errors import BadVolume, Io
from lungrt.io.image import IMAGE_SUFFIXES
from lungrt.io.read import read_ct

if TYPE_CHECKING:
    from collections.abc import Collection

    from lungrt import CtVolume

__all__ = ["FoundCt", "discover_cts", "image_suffix"]

_FEWEST_SLICES = 3  # one or two images are views from the front and from the side


@dataclass(frozen=True)
class FoundCt:
    """CT on disk.

    Attributes
    ----------
    path : Path
        Image file, or folder that holds all slices of a DICOM series.
    series : str or None
        UID of the DICOM series; None for an image file, and for a folder whose slices are damaged,
        which is told when it is read.
    parts : tuple of str
        Names of the parts of the series, ``UID:PART``, of which one is to be chosen.
    """

    path: Path
    series: str | None = None
    parts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the file or folder."""
        return self.path.name

    def read(self, *, resample: bool = False) -> CtVolume:
        """Read the CT; see `lungrt.read_ct`."""
        return read_ct(self.path, series=self.series, resample=resample)


def image_suffix(name: str) -> str | None:
    """Return the suffix of a file name, as it is written, if it is that of an image file."""
    for suffix in IMAGE_SUFFIXES:
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[len(name) - len(suffix) :]
    return None


def discover_cts(folder: Path, *, without: Collection[str] = ()) -> list[FoundCt]:
    """Find every CT in a folder and below it, sorted by path and series.

    DICOM files are found by their content, whatever they are called. A series whose slices lie in
    several folders is one CT. Hidden files and folders are left out, and each folder is entered
    once, however many links lead to it.

    Parameters
    ----------
    folder
        Folder to search.
    without
        What the names of folders begin with that are not searched.

    Raises
    ------
    lungrt.errors.Io
        The folder does not exist.
    """
    if not folder.is_dir():
        raise Io(f"{folder}: folder not found; expected a folder of CTs")
    found: list[FoundCt] = []
    places: dict[str, list[Path]] = {}
    parts: dict[str, set[str]] = {}
    images_of: Counter[str] = Counter()
    entered = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(place)) in entered:
            folders.clear()
            continue
        entered.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith((".", *without)))
        visible = sorted(name for name in files if not name.startswith("."))
        images = [name for name in visible if image_suffix(name)]
        found += [FoundCt(Path(place, name)) for name in images]
        if len(images) == len(visible):
            continue
        try:
            listed = _core.list_series(Path(place), below=False)
        except BadVolume:  # no DICOM
            continue
        except Io:  # told by read(), so that a damaged CT does not hide the others
            found.append(FoundCt(Path(place)))
            continue
        for series in listed:
            if series.modality == "CT":
                places.setdefault(series.uid, []).append(Path(place))
                images_of[series.uid] += series.slices
                parts.setdefault(series.uid, set()).update(part.name for part in series.parts)
    for uid, folders_of_series in places.items():
        if images_of[uid] < _FEWEST_SLICES:
            continue
        common = Path(os.path.commonpath(folders_of_series))
        names = parts[uid] if len(folders_of_series) == 1 else set()
        found.append(FoundCt(common, uid, tuple(sorted(names))))
    return sorted(found, key=lambda ct: (ct.path, ct.series or ""))
