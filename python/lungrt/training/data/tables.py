"""Strict reader of CSV tables whose errors name the file and the line."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lungrt.errors import InvalidArgument, Io


@dataclass(frozen=True)
class Row:
    """Line of a table.

    Attributes
    ----------
    where : str
        File and line, for error messages.
    values : dict of str to str
        Values by column.
    """

    where: str
    values: dict[str, str]

    def text(self, column: str) -> str:
        """Return a value; raise InvalidArgument if it is empty."""
        value = self.values[column].strip()
        if not value:
            raise InvalidArgument(f"{self.where}: {column} is empty")
        return value

    def number(self, column: str) -> float:
        """Return a value as a number; raise InvalidArgument if it is not a finite number."""
        try:
            value = float(self.values[column])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InvalidArgument(
                f"{self.where}: {column} is {self.values[column]!r}; expected a finite number"
            )
        return value

    def flag(self, column: str) -> bool:
        """Return a value as a bool; raise InvalidArgument if it is not 0, 1, true or false."""
        value = self.values[column].strip().lower()
        if value not in ("0", "1", "true", "false"):
            raise InvalidArgument(
                f"{self.where}: {column} is {self.values[column]!r}; expected 0, 1, True or False"
            )
        return value in ("1", "true")


def read_table(path: Path, columns: Sequence[str], *, once: Sequence[str] = ()) -> list[Row]:
    """Read a table with a header line.

    Parameters
    ----------
    path : path
        CSV file in UTF-8.
    columns : sequence of str
        Required columns; the file may have others.
    once : sequence of str
        Columns whose combined values must be different in every line.

    Raises
    ------
    Io
        The file cannot be read.
    InvalidArgument
        The file is empty or has no header, a column is missing or appears twice, a line has another
        number of values than the header, or a line repeats an earlier one.
    """
    rows: list[Row] = []
    for line, cells in _lines(path):
        if not rows and line == 1:
            header = [cell.strip() for cell in cells]
            _check_header(path, header, columns)
            continue
        where = f"{path}, line {line}"
        if len(cells) != len(header):
            raise InvalidArgument(
                f"{where}: {len(cells)} values, but the header has {len(header)} columns; the file "
                "may be truncated"
            )
        rows.append(Row(where, dict(zip(header, cells, strict=True))))
    _check_once(rows, once)
    return rows


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [(number, cells) for number, cells in enumerate(csv.reader(file), 1) if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Io(f"{path}: cannot read the file as a CSV table ({error})") from error
    if not lines or lines[0][0] != 1:
        raise InvalidArgument(f"{path}: the first line is empty; expected a header")
    yield from lines


def _check_header(path: Path, header: list[str], columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in header]
    if len(missing) == len(columns) and any(_is_number(cell) for cell in header):
        raise InvalidArgument(
            f"{path}: the header is missing: the first line has values; expected "
            f"{','.join(columns)}"
        )
    if missing:
        raise InvalidArgument(
            f"{path}: the header has no column {' or '.join(missing)}; expected "
            f"{','.join(columns)}, found {','.join(header)}"
        )
    if len(set(header)) < len(header):
        raise InvalidArgument(f"{path}: a column appears twice in the header: {','.join(header)}")


def _check_once(rows: list[Row], once: Sequence[str]) -> None:
    if not once:
        return
    seen: dict[tuple[str, ...], str] = {}
    for row in rows:
        key = tuple(row.values[column].strip() for column in once)
        if key in seen:
            raise InvalidArgument(
                f"{row.where}: this line repeats {seen[key]} ({', '.join(key)}); remove one of them"
            )
        seen[key] = row.where


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def read_lines(path: Path) -> list[str]:
    """Read a list with an entry on each line and without a header.

    Raises
    ------
    Io
        The file cannot be read.
    InvalidArgument
        An entry appears twice.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise Io(f"{path}: cannot read the file ({error})") from error
    entries = [line for line in lines if line]
    if twice := sorted({entry for entry in entries if entries.count(entry) > 1}):
        raise InvalidArgument(f"{path}: {twice[0]} appears twice; remove one of the two lines")
    return entries
