"""Reader of a folder of CTs with a table of nodules.

``nodules.csv`` has a header and the columns

====================  ==========================================================================
``ct``                path of the CT in the folder: an image file or a folder of DICOM files
``x,y,z``             world coordinates in mm, LPS
``diameter_mm``       optional; may be empty
``nodule``            optional; 1 for a nodule (default), 0 for a non-nodule
``malignant``         optional; 1, 0 or empty
``ratings``           optional; readers' malignancy ratings from 1 to 5, such as ``4 5 3``
``patient``           optional; CTs of a patient are not split up; default: each CT is a patient
====================  ==========================================================================

A CT without nodules has a line in which only ``ct`` is filled in.
"""

from __future__ import annotations

from pathlib import Path

from lungrt import read_ct
from lungrt.data.csv_file import Row, read_rows, unique
from lungrt.data.placement import Extent, check_diameters, check_placement, read_extent
from lungrt.errors import Io
from lungrt.training.data.cache import CropCache
from lungrt.training.data.samples import DataSet, Sample
from lungrt.training.data.volumes import CtCrops

TABLE = "nodules.csv"
_COLUMNS = ("ct", "x", "y", "z")


def is_ct_folder(folder: Path) -> bool:
    """Return whether a folder has a ``nodules.csv``."""
    return (folder / TABLE).is_file()


def read_ct_folder(folder: Path, *, cache: CropCache | None = None) -> DataSet:
    """Read the table of a folder and find its CTs.

    Raises
    ------
    InvalidArgument
        The table is malformed, has a line twice, has several patients for a CT, or has positions
        outside of their CT.
    Io
        The table or a CT does not exist or cannot be read.
    """
    table = folder / TABLE
    rows = unique(
        read_rows(table, _COLUMNS), lambda row: tuple(row.optional(column) for column in _COLUMNS)
    )
    paths: dict[str, Path] = {}
    patients: dict[str, str] = {}
    samples = []
    for row in rows:
        name = row.text("ct")
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            row.refuse(f"{name} is outside of {folder}; move the CT into this folder")
        if not path.exists():
            raise Io(f"{row.where}: {path} not found; expected an image file or a DICOM folder")
        paths[name] = path
        patient = row.optional("patient") or name
        if patients.setdefault(name, patient) != patient:
            row.refuse(
                f"the patient of {name} is {patient}, but an earlier line says {patients[name]}"
            )
        if any(row.optional(column) for column in ("x", "y", "z")):
            samples.append(_sample(row, name, patient))
    check_diameters(samples, str(table))
    extents = {s.series_uid: _extent(paths[s.series_uid]) for s in samples}
    check_placement(samples, extents, str(table))
    return DataSet("folder", tuple(samples), CtCrops(paths, cache), dict(sorted(paths.items())))


def _sample(row: Row, name: str, patient: str) -> Sample:
    return Sample(
        series_uid=name,
        patient=patient,
        center_mm=(row.number("x"), row.number("y"), row.number("z")),
        is_nodule=row.flag("nodule") if row.optional("nodule") else True,
        diameter_mm=row.number("diameter_mm") if row.optional("diameter_mm") else None,
        malignant=row.flag("malignant") if row.optional("malignant") else None,
        ratings=_ratings(row),
    )


def _ratings(row: Row) -> tuple[int, ...]:
    text = row.optional("ratings") or ""
    if not all(rating in ("1", "2", "3", "4", "5") for rating in text.split()):
        row.refuse(f"ratings are {text!r}; expected numbers from 1 to 5, separated by spaces")
    return tuple(map(int, text.split()))


def _extent(path: Path) -> Extent:
    if not path.is_dir():
        return read_extent(path)
    return Extent.of(read_ct(path))  # only known after reading all slices
