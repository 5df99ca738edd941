"""Annotated nodules and excluded findings from LUNA16's CSV files and files like them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from lungrt.errors import InvalidArgument
from lungrt.evaluation.csv_file import Row, read_lines, read_rows

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "ExcludedMark",
    "Nodule",
    "merge_ratings",
    "read_annotations",
    "read_excluded",
    "read_series_uids",
]

_PLACE = ("seriesuid", "coordX", "coordY", "coordZ", "diameter_mm")
_SAME_NODULE_MM = 0.1  # two files may round differently, and no two nodules are so close
_UNKNOWN_DIAMETER_MM = 10.0  # what LUNA16's own scoring uses if a diameter is unknown
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


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
    center_mm: tuple[float, float, float]
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
    center_mm: tuple[float, float, float]
    diameter_mm: float


def read_annotations(path: Path) -> list[Nodule]:
    """Read annotated nodules from a CSV file.

    The columns ``seriesuid,coordX,coordY,coordZ,diameter_mm`` are required. The columns
    ``mal_bool``, ``mal_details``, ``subtlety``, ``difficulty``, ``density``, ``shape``,
    ``attachment`` and ``patient`` are optional, and their fields may be empty. Other columns are
    ignored.

    Raises
    ------
    lungrt.errors.Io
        The file cannot be read.
    lungrt.errors.InvalidArgument
        A line is wrong; the message has its number.
    """
    nodules = [_nodule(row) for row in read_rows(path, _PLACE)]
    for index, nodule in _duplicates(nodules):
        raise InvalidArgument(
            f"{nodule.source}: this is the same nodule as in {nodules[index].source}; remove one "
            "of them, or the nodule would count twice"
        )
    return nodules


def _nodule(row: Row) -> Nodule:
    diameter = row.number("diameter_mm")
    if diameter <= 0:
        row.refuse(f"diameter_mm is {diameter}; expected a number above 0")
    difficulty = row.optional("difficulty")
    if difficulty not in (None, "easy", "medium", "hard"):
        row.refuse(f"difficulty is {difficulty!r}; expected easy, medium or hard")
    subtlety = row.number("subtlety") if row.optional("subtlety") else None
    if subtlety is not None and not 1 <= subtlety <= 5:
        row.refuse(f"subtlety is {subtlety}; expected a number from 1 to 5")
    return Nodule(
        series_uid=row.text("seriesuid"),
        center_mm=_center(row),
        diameter_mm=diameter,
        malignant=_boolean(row, "mal_bool"),
        ratings=_ratings(row, "mal_details"),
        subtlety=subtlety,
        difficulty=difficulty,
        density=row.optional("density"),
        shape=row.optional("shape"),
        attachment=row.optional("attachment"),
        patient=row.optional("patient"),
        source=f"{row.path}, line {row.line}",
    )


def _center(row: Row) -> tuple[float, float, float]:
    return row.number("coordX"), row.number("coordY"), row.number("coordZ")


def _boolean(row: Row, name: str) -> bool | None:
    text = row.optional(name)
    if text is None:
        return None
    if text.lower() not in _BOOLEANS:
        row.refuse(f"{name} is {text!r}; expected True or False")
    return _BOOLEANS[text.lower()]


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


def merge_ratings(nodules: list[Nodule], rated: list[Nodule]) -> list[Nodule]:
    """Add the fields that only a second file has; nodules that it does not list stay unchanged.

    Raises
    ------
    lungrt.errors.InvalidArgument
        The second file has a nodule that the first does not have.
    """
    places: dict[str, list[int]] = {}
    for index, nodule in enumerate(nodules):
        places.setdefault(nodule.series_uid, []).append(index)
    merged = list(nodules)
    for second in rated:
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
    return replace(
        first,
        **{
            item.name: getattr(second, item.name)
            for item in fields(first)
            if getattr(first, item.name) in unknown
        },
    )


def read_excluded(path: Path) -> dict[str, list[ExcludedMark]]:
    """Read the findings of LUNA16's ``annotations_excluded.csv`` by series.

    A diameter below 0 means that it is unknown; it becomes 10 mm, as in LUNA16's scoring.
    """
    marks: dict[str, list[ExcludedMark]] = {}
    for row in read_rows(path, _PLACE):
        diameter = row.number("diameter_mm")
        if diameter < 0:
            diameter = _UNKNOWN_DIAMETER_MM
        uid = row.text("seriesuid")
        marks.setdefault(uid, []).append(ExcludedMark(uid, _center(row), diameter))
    return marks


def read_series_uids(path: Path) -> list[str]:
    """Read ``seriesuids.csv``, which has a series UID on each line; a header is optional.

    Raises
    ------
    lungrt.errors.Io
        The file cannot be read.
    lungrt.errors.InvalidArgument
        The file has no UID, a line has more than a UID, or a UID appears twice.
    """
    lines: dict[str, int] = {}
    for line, (uid, *more) in read_lines(path):
        if more:
            raise InvalidArgument(f"{path}, line {line}: expected only a series UID")
        if uid.lower() == "seriesuid" and not lines:
            continue
        if uid in lines:
            raise InvalidArgument(
                f"{path}, line {line}: series {uid} is already in line {lines[uid]}"
            )
        lines[uid] = line
    if not lines:
        raise InvalidArgument(f"{path}: the file has no series UID")
    return list(lines)
