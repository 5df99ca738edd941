from __future__ import annotations

from pathlib import Path

import pytest

from lungrt.errors import InvalidArgument, Io
from lungrt.training.data.tables import read_lines, read_table

COLUMNS = ("name", "x")


def write(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_in_order_with_more_columns(tmp_path: Path) -> None:
    rows = read_table(write(tmp_path, "x,name,more\n1.5,a,?\n\n-2,b,!\n"), COLUMNS)
    assert [(row.text("name"), row.number("x")) for row in rows] == [("a", 1.5), ("b", -2)]


def test_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    assert len(read_table(write(tmp_path, "\ufeffname,x\na,1\n"), COLUMNS)) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,1.0\nb,2.0\n", "the header is missing: the first line has values"),
        ("name,y\na,1\n", "no column x; expected name,x, found name,y"),
        ("name,x,x\na,1,1\n", "a column appears twice"),
        ("name,x\na\n", "line 2: 1 values, but the header has 2 columns"),
        ("", "the first line is empty; expected a header"),
        ("\nname,x\n", "the first line is empty; expected a header"),
        ("name,x\na,1\nb,2\na,1\n", "line 4: this line repeats .*line 2"),
    ],
)
def test_malformed_table_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        read_table(write(tmp_path, text), COLUMNS, once=COLUMNS)


@pytest.mark.parametrize(("value", "kind"), [("1,5", "values"), ("nan", "finite"), ("", "finite")])
def test_no_number_is_named(tmp_path: Path, value: str, kind: str) -> None:
    with pytest.raises(InvalidArgument, match=kind):
        read_table(write(tmp_path, f"name,x\na,{value}\n"), COLUMNS)[0].number("x")


def test_no_flag_and_no_text_are_named(tmp_path: Path) -> None:
    (row,) = read_table(write(tmp_path, "name,x\n ,maybe\n"), COLUMNS)
    with pytest.raises(InvalidArgument, match="'maybe'; expected 0, 1, True or False"):
        row.flag("x")
    with pytest.raises(InvalidArgument, match="name is empty"):
        row.text("name")


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(Io, match="cannot read the file as a CSV table"):
        read_table(tmp_path / "none.csv", COLUMNS)
    with pytest.raises(Io, match="cannot read the file"):
        read_lines(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"name,x\n\xff\xfe,1\n")
    with pytest.raises(Io, match="cannot read the file as a CSV table"):
        read_table(tmp_path / "latin.csv", COLUMNS)


def test_list_of_lines(tmp_path: Path) -> None:
    assert read_lines(write(tmp_path, "a\n\n b \n")) == ["a", "b"]
    with pytest.raises(InvalidArgument, match="a appears twice"):
        read_lines(write(tmp_path, "a\nb\na\n"))
