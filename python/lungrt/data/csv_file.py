"""Strict reader of CSV files whose errors name the file and the line, and a writer."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from lungrt.errors import InvalidArgument, Io

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["Row", "csv_text", "read_lines", "read_rows", "unique"]

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Row:
    """Line of a CSV file, whose fields have names.

    Attributes
    ----------
    path : Path
    line : int
        Number of the line in the file, from 1.
    columns : mapping of str to int
        Position of each named column.
    cells : sequence of str
        Fields, without the spaces around them.
    """

    path: Path
    line: int
    columns: Mapping[str, int]
    cells: Sequence[str]

    @property
    def where(self) -> str:
        """File and line, for messages."""
        return f"{self.path}, line {self.line}"

    def refuse(self, why: str) -> NoReturn:
        """Raise InvalidArgument with the file and line."""
        raise InvalidArgument(f"{self.where}: {why}")

    def optional(self, name: str) -> str | None:
        """Return a field, or None if the file has no such column or the field is empty."""
        place = self.columns.get(name)
        return None if place is None else self.cells[place] or None

    def text(self, name: str) -> str:
        """Return a field; raise InvalidArgument if it is empty."""
        return self.optional(name) or self.refuse(f"{name} is empty")

    def number(self, name: str) -> float:
        """Return a field as a number; raise InvalidArgument if it is not a finite number."""
        text = self.optional(name) or ""
        try:
            # Python accepts 1_000, and digits of other scripts, which no table means as a number.
            value = float(text) if text.isascii() and "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.refuse(f"{name} is {text!r}; expected a finite number")
        return value

    def flag(self, name: str) -> bool:
        """Return a field as a bool; raise InvalidArgument if it is not 0, 1, True or False."""
        text = self.optional(name) or ""
        if text.lower() not in _FLAGS:
            self.refuse(f"{name} is {text!r}; expected True, False, 1 or 0")
        return _FLAGS[text.lower()]


def read_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the fields of each line that has a value.

    Blank lines, and lines of commas alone, which spreadsheets write for empty rows, have no value
    and are skipped. Spaces around a field are removed.

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
            for line in reader:
                fields = [field.strip() for field in line]
                if any(fields):
                    yield reader.line_num, fields
    except OSError as error:
        raise Io(f"{path}: cannot read the file ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InvalidArgument(
            f"{path}: not a CSV file, because it is not UTF-8 text; save it as CSV in UTF-8"
        ) from error
    except csv.Error as error:
        raise InvalidArgument(f"{path}, line {reader.line_num}: not valid CSV ({error})") from error


def read_rows(path: Path, required: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a CSV file whose header has at least the required columns, in any order.

    Other columns are kept, except those without a name.

    Raises
    ------
    lungrt.errors.Io
        The file cannot be read.
    lungrt.errors.InvalidArgument
        The file is not valid CSV, a column is missing or appears twice, or a line has another
        number of fields than the header.
    """
    lines = read_lines(path)
    first, header = next(lines, (0, []))
    if not first:
        raise InvalidArgument(f"{path}: the file is empty; expected a header {','.join(required)}")
    _check_header(f"{path}, line {first}", header, required)
    columns = {name: place for place, name in enumerate(header) if name}
    for line, fields in lines:
        row = Row(path, line, columns, fields)
        if len(fields) != len(header):
            row.refuse(
                f"{len(fields)} fields, but the header has {len(header)}; the file may be truncated"
            )
        yield row


def _check_header(where: str, header: list[str], required: Sequence[str]) -> None:
    missing = [name for name in required if name not in header]
    expected = f"expected {','.join(required)}, found {','.join(header)}"
    if len(missing) == len(required) and any(map(_is_number, header)):
        raise InvalidArgument(f"{where}: the header is missing, this line has values; {expected}")
    if missing:
        raise InvalidArgument(f"{where}: the header has no column {', '.join(missing)}; {expected}")
    if twice := {name for name in header if name and header.count(name) > 1}:
        raise InvalidArgument(f"{where}: column {min(twice)} appears twice in the header")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def unique(rows: Iterable[Row], key: Callable[[Row], Hashable]) -> Iterator[Row]:
    """Yield rows; raise InvalidArgument at one with the key of an earlier row."""
    lines: dict[Hashable, int] = {}
    for row in rows:
        earlier = lines.setdefault(key(row), row.line)
        if earlier != row.line:
            row.refuse(f"this line repeats line {earlier}; remove one of them")
        yield row


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the text of a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
