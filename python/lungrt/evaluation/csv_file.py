"""Strict CSV reader whose errors name the file and the line."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from lungrt.errors import InvalidArgument, Io

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Row", "read_lines", "read_rows"]


@dataclass(frozen=True)
class Row:
    """Line of a CSV file, with its fields by column name."""

    path: Path
    line: int
    fields: dict[str, str]

    def refuse(self, why: str) -> NoReturn:
        """Raise InvalidArgument with the file and line."""
        raise InvalidArgument(f"{self.path}, line {self.line}: {why}")

    def text(self, name: str) -> str:
        """Return a field; raise InvalidArgument if it is empty."""
        value = self.fields[name]
        if not value:
            self.refuse(f"{name} is empty")
        return value

    def optional(self, name: str) -> str | None:
        """Return a field, or None if the file has no such column or the field is empty."""
        return self.fields.get(name) or None

    def number(self, name: str) -> float:
        """Return a field as a number; raise InvalidArgument if it is not a finite number."""
        try:
            value = float(self.fields[name])
        except ValueError:
            self.refuse(f"{name} is {self.fields[name]!r}; expected a number")
        if not math.isfinite(value):
            self.refuse(f"{name} is {value}; expected a finite number")
        return value


def read_lines(path: Path) -> list[tuple[int, list[str]]]:
    """Return the number and the fields of each line that is not blank.

    Raises
    ------
    lungrt.errors.Io
        The file cannot be read.
    lungrt.errors.InvalidArgument
        The file is not UTF-8 text or not valid CSV.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            return [
                (reader.line_num, fields)
                for fields in ([field.strip() for field in line] for line in reader)
                if any(fields)
            ]
    except OSError as error:
        raise Io(f"{path}: cannot read the file ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InvalidArgument(
            f"{path}: not a CSV file: byte {error.start} is not valid UTF-8"
        ) from error
    except csv.Error as error:
        raise InvalidArgument(f"{path}, line {reader.line_num}: not valid CSV ({error})") from error


def read_rows(path: Path, required: Sequence[str]) -> list[Row]:
    """Read a CSV file whose header has at least the required columns, in any order.

    Raises
    ------
    lungrt.errors.Io
        The file cannot be read.
    lungrt.errors.InvalidArgument
        The file is not valid CSV, a column is missing or appears twice, or a line has another
        number of fields than the header.
    """
    lines = read_lines(path)
    if not lines:
        raise InvalidArgument(f"{path}: the file is empty; expected a header {','.join(required)}")
    (first, header), *rest = lines
    if missing := [name for name in required if name not in header]:
        raise InvalidArgument(
            f"{path}, line {first}: the header has no column {', '.join(missing)}; expected "
            f"{','.join(required)}, found {','.join(header)}"
        )
    if twice := {name for name in header if name and header.count(name) > 1}:
        raise InvalidArgument(f"{path}, line {first}: column {min(twice)} appears twice")
    rows = []
    for line, fields in rest:
        if len(fields) != len(header):
            raise InvalidArgument(
                f"{path}, line {line}: {len(fields)} fields, but the header has {len(header)}"
            )
        rows.append(Row(path, line, dict(zip(header, fields, strict=True))))
    return rows
