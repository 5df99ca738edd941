"""LUNA16's candidates, and marks in its submission format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt.data.annotations import Position, position
from lungrt.data.csv_file import csv_text, read_rows, unique
from lungrt.data.luna16_format import (
    CANDIDATE_COLUMNS,
    CANDIDATES,
    SERIES_COLUMN,
    SUBMISSION_COLUMNS,
)
from lungrt.data.truth import find_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Marks", "read_non_nodules", "read_submission", "submission_csv"]

Marks = dict[str, list[tuple[Position, float]]]
"""World coordinates in mm and probability of nodule of marks, by series."""


def read_non_nodules(data: Path) -> tuple[list[tuple[str, Position]], Path | None]:
    """Read the candidates of class 0 of ``candidates_V2.csv`` or, without it, ``candidates.csv``.

    Returns
    -------
    non_nodules : list of (str, tuple of float)
        Series and world coordinates in mm, in the order of the file.
    path : Path or None
        The file; None if the data set has none.

    Raises
    ------
    lungrt.errors.Io
        The file cannot be read.
    lungrt.errors.InvalidArgument
        A line is wrong, or repeats another one.
    """
    path = next((path for name in CANDIDATES if (path := find_table(data, name))), None)
    if path is None:
        return [], None
    rows = unique(
        read_rows(path, CANDIDATE_COLUMNS), lambda row: (row.text(SERIES_COLUMN), position(row))
    )
    return [(row.text(SERIES_COLUMN), position(row)) for row in rows if not row.flag("class")], path


def read_submission(path: Path) -> Marks:
    """Read marks in LUNA16's submission format, as ``lungrt diagnose --candidates`` writes them.

    Raises
    ------
    lungrt.errors.Io
        The file cannot be read.
    lungrt.errors.InvalidArgument
        A line is wrong.
    """
    found: Marks = {}
    for row in read_rows(path, SUBMISSION_COLUMNS):
        mark = (position(row), row.number("probability"))
        found.setdefault(row.text(SERIES_COLUMN), []).append(mark)
    return found


def submission_csv(marks: Iterable[tuple[str, Position, float]]) -> str:
    """Return marks, each a series, world coordinates in mm and a probability, as a submission."""
    return csv_text(SUBMISSION_COLUMNS, ((uid, *center, p) for uid, center, p in marks))
