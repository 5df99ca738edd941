"""Annotated nodules and excluded findings from LUNA16's CSV files and files like them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from lungrt.data.csv_file import read_rows
from lungrt.data.luna16_format import (
    ANNOTATION_COLUMNS,
    POSITION_COLUMNS,
    RATING_COLUMNS,
    SERIES_COLUMN,
)
from lungrt.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lungrt.data.csv_file import Row

__all__ = [
    "ExcludedMark",
    "Nodule",
    "Position",
    "merge_nodules",
    "position",
    "read_annotations",
    "read_excluded",
    "same_patients",
]

Position = tuple[float, float, float]

_SAME_NODULE_MM = 0.1  # two files may round differently, and no two nodules are so close
_LARGEST_M = 2.0  # of a scanner's coordinates in m
_UNKNOWN_DIAMETER_MM = 10.0  # what LUNA16's own scoring uses if a diameter is unknown


@dataclass(frozen=True)
class Nodule:
    """Annotated nodule.

    Attributes
    ----------
    series_uid : str
    center_mm : tuple of float
        World coordinates (x, y, z) in mm, LPS.
    diameter_mm : float
    malignant : bool or None
        None if no reader rated it.
    ratings : tuple of int
        Malignancy ratings of the readers, 1 (benign) to 5 (malignant); empty if unknown.
    subtlety : float or None
        Mean subtlety of the readers, 1 (extremely subtle) to 5 (obvious).
    difficulty : str or None
        "easy", "medium" or "hard".
    density, shape, attachment : str or None
        Appearance as the data set names it, such as "solid".
    patient : str or None
        Identifier of the patient.
    source : str
        File and line of the annotation, for messages.
    """

    series_uid: str
    center_mm: Position
    diameter_mm: float
    malignant: bool | None = None
    ratings: tuple[int, ...] = ()
    subtlety: float | None = None
    difficulty: str | None = None
    density: str | None = None
    shape: str | None = None
    attachment: str | None = None
    patient: str | None = None
    source: str = ""


@dataclass(frozen=True)
class ExcludedMark:
    """Excluded finding: a mark on it counts neither as a hit nor as a false positive."""

    series_uid: str
    center_mm: Position
    diameter_mm: float


def read_annotations(path: Path, *, rated: bool = False) -> list[Nodule]:
    """Read annotated nodules from a CSV file.

    The columns ``seriesuid,coordX,coordY,coordZ,diameter_mm`` are required, and so are
    ``mal_bool`` and ``mal_details`` if `rated`. These two, ``subtlety``, ``difficulty``,
    ``density``, ``shape``, ``attachment`` and ``patient`` are optional otherwise. Their fields may
    be empty, which means unknown. Other columns are ignored.

    Parameters
    ----------
    path
        CSV file.
    rated
        Whether the table must have the columns of malignancy ratings, so that a misspelt name does
        not make every nodule unrated.

    Raises
    ------
    lungrt.errors.Io
        The file cannot be read.
    lungrt.errors.InvalidArgument
        A line is wrong; the message has its number.
    """
    required = (*ANNOTATION_COLUMNS, *RATING_COLUMNS) if rated else ANNOTATION_COLUMNS
    nodules = [_nodule(row) for row in read_rows(path, required)]
    for index, nodule in _duplicates(nodules):
        # In m, the nodules of a scan would all be less than 0.1 "mm" apart.
        metres = all(abs(value) < _LARGEST_M for n in nodules for value in n.center_mm)
        hint = ". The unit seems to be m instead of mm" if metres else ""
        raise InvalidArgument(
            f"{nodule.source}: this is the same nodule as in {nodules[index].source}; remove one "
            f"of them, or the nodule would count twice{hint}"
        )
    return nodules


def _nodule(row: Row) -> Nodule:
    diameter = row.number("diameter_mm")
    if diameter <= 0:
        row.refuse(f"diameter_mm is {diameter}; expected a number above 0")
    difficulty = row.optional("difficulty")
    if difficulty not in (None, "easy", "medium", "hard"):
        row.refuse(f"difficulty is {difficulty!r}; expected easy, medium or hard")
    malignant, details = RATING_COLUMNS
    subtlety = row.number("subtlety") if row.optional("subtlety") else None
    if subtlety is not None and not 1 <= subtlety <= 5:
        row.refuse(f"subtlety is {subtlety}; expected a number from 1 to 5")
    return Nodule(
        series_uid=row.text(SERIES_COLUMN),
        center_mm=position(row),
        diameter_mm=diameter,
        malignant=row.flag(malignant) if row.optional(malignant) else None,
        ratings=_ratings(row, details),
        subtlety=subtlety,
        difficulty=difficulty,
        density=row.optional("density"),
        shape=row.optional("shape"),
        attachment=row.optional("attachment"),
        patient=row.optional("patient"),
        source=row.where,
    )


def position(row: Row) -> Position:
    """Return the world coordinates of a row: mm, (x, y, z), LPS."""
    x, y, z = (row.number(column) for column in POSITION_COLUMNS)
    return x, y, z


def _ratings(row: Row, name: str) -> tuple[int, ...]:
    text = row.optional(name) or "[]"
    if not re.fullmatch(r"\[\s*([1-5]\s*(,\s*[1-5]\s*)*)?\]", text):
        row.refuse(f"{name} is {text!r}; expected ratings from 1 to 5 such as [4, 2, 4, 2]")
    return tuple(map(int, re.findall("[1-5]", text)))


def _duplicates(nodules: list[Nodule]) -> list[tuple[int, Nodule]]:
    """Return each nodule at the position of an earlier one, with the index of the earlier one."""
    found = []
    by_series: dict[str, list[tuple[int, Nodule]]] = {}
    for index, nodule in enumerate(nodules):
        for earlier, other in by_series.setdefault(nodule.series_uid, []):
            if _same(nodule, other):
                found.append((earlier, nodule))
        by_series[nodule.series_uid].append((index, nodule))
    return found


def _same(one: Nodule, other: Nodule) -> bool:
    return (
        one.series_uid == other.series_uid
        and math.dist(one.center_mm, other.center_mm) < _SAME_NODULE_MM
    )


def merge_nodules(nodules: Sequence[Nodule], more: Sequence[Nodule]) -> list[Nodule]:
    """Add the fields that only a second file has; nodules that it does not list stay unchanged.

    Nodules at most 0.1 mm apart are the same. The position is that of the first file.

    Raises
    ------
    lungrt.errors.InvalidArgument
        The second file has a nodule that the first does not have, or both contradict each other.
    """
    places: dict[str, list[int]] = {}
    for index, nodule in enumerate(nodules):
        places.setdefault(nodule.series_uid, []).append(index)
    merged = list(nodules)
    for second in more:
        for index in places.get(second.series_uid, ()):
            if _same(nodules[index], second):
                merged[index] = _completed(merged[index], second)
                break
        else:
            raise InvalidArgument(
                f"{second.source}: the annotations have no nodule within {_SAME_NODULE_MM} mm of "
                "this one; check that both files belong to the same data set"
            )
    return merged


def _completed(first: Nodule, second: Nodule) -> Nodule:
    """Return the first nodule with the fields that only the second one has."""
    unknown = (None, ())
    found = {}
    for name in _MERGED:
        ours, theirs = getattr(first, name), getattr(second, name)
        if ours in unknown:
            found[name] = theirs
        elif theirs not in unknown and not _alike(ours, theirs):
            raise InvalidArgument(
                f"{second.source}: {name} is {theirs}, but {first.source} has {ours} for the same "
                "nodule; correct one of them"
            )
    return replace(first, **found)


# What two files may say of one nodule; its place is that of the first.
_MERGED = [f.name for f in fields(Nodule) if f.name not in ("series_uid", "center_mm", "source")]


def _alike(ours: object, theirs: object) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float):
        return abs(ours - theirs) < _SAME_NODULE_MM  # they may be rounded differently
    return ours == theirs


def same_patients(nodules: Sequence[Nodule]) -> list[Nodule]:
    """Give all nodules of a series the patient that any of them names.

    Raises
    ------
    lungrt.errors.InvalidArgument
        A series has two patients.
    """
    named: dict[str, Nodule] = {}
    for nodule in nodules:
        if nodule.patient is None:
            continue
        first = named.setdefault(nodule.series_uid, nodule)
        if first.patient != nodule.patient:
            raise InvalidArgument(
                f"{nodule.source}: the patient of series {nodule.series_uid} is {nodule.patient}, "
                f"but {first.source} says {first.patient}"
            )
    return [
        replace(nodule, patient=named[nodule.series_uid].patient)
        if nodule.series_uid in named
        else nodule
        for nodule in nodules
    ]


def read_excluded(path: Path) -> dict[str, list[ExcludedMark]]:
    """Read the findings of LUNA16's ``annotations_excluded.csv`` by series.

    A diameter below 0 means that it is unknown; it becomes 10 mm, as in LUNA16's scoring.
    """
    marks: dict[str, list[ExcludedMark]] = {}
    for row in read_rows(path, ANNOTATION_COLUMNS):
        diameter = row.number("diameter_mm")
        if diameter < 0:
            diameter = _UNKNOWN_DIAMETER_MM
        uid = row.text(SERIES_COLUMN)
        marks.setdefault(uid, []).append(ExcludedMark(uid, position(row), diameter))
    return marks
