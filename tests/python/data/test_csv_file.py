"""Strict CSV: what is read, and every fault with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lungrt.data.csv_file import Row, csv_text, read_lines, read_rows, unique
from lungrt.errors import InvalidArgument, Io

COLUMNS = ("name", "x")


def read(folder: Path, content: str | bytes) -> list[Row]:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_rows(path, COLUMNS))


def test_rows_in_order_with_more_columns(tmp_path: Path) -> None:
    rows = read(tmp_path, "x,name,more,\n1.5, a ,?,\n-2,b,,\n")
    assert [(row.text("name"), row.number("x")) for row in rows] == [("a", 1.5), ("b", -2)]
    assert [row.optional("more") for row in rows] == ["?", None]
    assert rows[0].optional("none") is None


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfname,x\r\na,1\r\n",
        b"\n\r\nname,x\na,1\n",
        b"name,x\n \n,\n\na,1",
    ],
)
def test_what_has_no_value_is_skipped(tmp_path: Path, content: bytes) -> None:
    (row,) = read(tmp_path, content)
    assert (row.text("name"), row.number("x")) == ("a", 1.0)
    assert row.line == 1 + content.replace(b"\r", b"").split(b"\n").index(b"a,1")


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    rows = read(tmp_path, 'name,x\n"a\nb",1\nc,2\n')
    assert [row.line for row in rows] == [3, 4]
    assert rows[1].where == f"{tmp_path / 'table.csv'}, line 4"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,1.0\nb,2.0\n", "line 1: the header is missing, this line has values; expected name,x"),
        ("name,y\na,1\n", "line 1: the header has no column x; expected name,x, found name,y"),
        ("name;x\na;1\n", "the header has no column name, x; expected name,x, found name;x"),
        ("name,x,x\na,1,1\n", "line 1: column x appears twice"),
        ("name,x\na\n", "line 2: 1 fields, but the header has 2; the file may be truncated"),
        ("name,x\na,1,2\n", "line 2: 3 fields"),
        ("", "the file is empty; expected a header name,x"),
        ("\n,\n", "the file is empty"),
        ('name,x\na,"1\nb,2\n', "line 3: not valid CSV"),
        (b"name,x\n\xe4,1\n", "not UTF-8 text; save it as CSV in UTF-8"),
        (b"\xff\xfe\x00\x01", "not UTF-8 text"),
    ],
)
def test_malformed_file_is_named(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InvalidArgument, match=f"table.csv.*{message}"):
        read(tmp_path, content)


@pytest.mark.parametrize("value", ['"1,5"', "nan", "inf", "", "two", "1_0", "\u0661"])
def test_no_number_is_named(tmp_path: Path, value: str) -> None:
    (row,) = read(tmp_path, f"name,x\na,{value}\n")
    with pytest.raises(InvalidArgument, match=r"line 2: x is '.*'; expected a finite number"):
        row.number("x")


def test_flags(tmp_path: Path) -> None:
    rows = read(tmp_path, "name,x\na,True\nb,0\nc,FALSE\nd,1\n")
    assert [row.flag("x") for row in rows] == [True, False, False, True]


@pytest.mark.parametrize("value", ["maybe", "", "2", "1.0"])
def test_no_flag_is_named(tmp_path: Path, value: str) -> None:
    (row,) = read(tmp_path, f"name,x\na,{value}\n")
    with pytest.raises(InvalidArgument, match=f"x is '{value}'; expected True, False, 1 or 0"):
        row.flag("x")


def test_no_text_is_named(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "name,x\n ,1\n")
    with pytest.raises(InvalidArgument, match="line 2: name is empty"):
        row.text("name")


def test_repeated_row_is_named(tmp_path: Path) -> None:
    rows = read(tmp_path, "name,x\na,1\nb,2\na,1.0\n")
    assert len(list(unique(rows, lambda row: row.line))) == 3
    with pytest.raises(InvalidArgument, match="line 4: this line repeats line 2; remove one"):
        list(unique(rows, lambda row: (row.text("name"), row.number("x"))))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Io, match=r"none\.csv: cannot read the file \(No such file"):
        list(read_lines(tmp_path / "none.csv"))


def test_text_that_is_written_is_read(tmp_path: Path) -> None:
    (row,) = read(tmp_path, csv_text(COLUMNS, [('a "b", c', 1.25)]))
    assert (row.text("name"), row.number("x")) == ('a "b", c', 1.25)
