"""Texts of DICOM files: character sets, and what a terminal would obey."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest

import lungrt
from lungrt.errors import InvalidArgument

WriteSeries = Callable[..., list[Path]]


def described(
    folder: Path, write_series: WriteSeries, character_set: str | None, text: bytes
) -> str:
    """Return the description that is read of a series whose files hold these bytes."""

    def edit(index: int, data: Any) -> None:
        if character_set is not None:
            data.add(pydicom.DataElement(0x00080005, "CS", character_set.split("\\")))
        data.SeriesDescription = "x" * (len(text) + len(text) % 2)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of names that it does not know
        paths = write_series(folder, (0.0,), edit=edit)
    for path in paths:
        padded = text + b" " * (len(text) % 2)
        content = path.read_bytes()
        assert content.count(b"x" * len(padded)) == 1
        path.write_bytes(content.replace(b"x" * len(padded), padded))
    (info,) = lungrt.list_series(folder)
    return info.description


@pytest.mark.parametrize(
    ("character_set", "encoding", "text"),
    [
        ("ISO_IR 100", "latin-1", "Thorax nüchtern"),
        ("ISO_IR 101", "iso8859-2", "Klatka piersiowa łuk"),
        ("ISO_IR 109", "iso8859-3", "ĵaŭde"),
        ("ISO_IR 110", "iso8859-4", "krūšu"),
        ("ISO_IR 144", "iso8859-5", "Грудная клетка"),
        ("ISO_IR 127", "iso8859-6", "الصدر"),
        ("ISO_IR 126", "iso8859-7", "Θώρακας"),
        ("ISO_IR 138", "iso8859-8", "חזה"),
        ("ISO_IR 148", "iso8859-9", "göğüs"),
        ("ISO_IR 203", "iso8859-15", "poumon œdème €"),
        ("ISO_IR 166", "tis-620", "ทรวงอก"),
        ("ISO_IR 13", "shift_jis", "ｷｮｳﾌﾞ"),
        ("ISO_IR 192", "utf-8", "胸部 Thorax ü"),
        ("GB18030", "gb18030", "胸部平扫㐀"),
        ("GBK", "gbk", "胸部平扫"),
        ("ISO 2022 IR 100", "latin-1", "Thorax nüchtern"),
        ("ISO-IR 100", "latin-1", "Thorax nüchtern"),
        ("iso_ir_100", "latin-1", "Thorax nüchtern"),
        (None, "utf-8", "Thorax nüchtern"),
    ],
)
def test_character_sets(
    tmp_path: Path, write_series: WriteSeries, character_set: str | None, encoding: str, text: str
) -> None:
    assert described(tmp_path, write_series, character_set, text.encode(encoding)) == text


# As PS3.5, annexes H to K, and PS3.18 write them.
@pytest.mark.parametrize(
    ("character_set", "text", "expected"),
    [
        ("\\ISO 2022 IR 87", b"\x1b$B\x36\x3b\x49\x74\x1b(B CT", "胸部 CT"),
        ("ISO 2022 IR 13\\ISO 2022 IR 87", b"\xb7\xae \x1b$B\x36\x3b\x1b(J CT", "ｷｮ 胸 CT"),
        ("\\ISO 2022 IR 159", b"\x1b$(D\x30\x21\x1b(B", "丂"),
        ("\\ISO 2022 IR 149", b"\x1b$)C" + "흉부 CT".encode("euc-kr"), "흉부 CT"),
        ("\\ISO 2022 IR 58", b"\x1b$)A\xd0\xd8\xb2\xbf CT", "胸部 CT"),
        ("ISO 2022 IR 6\\ISO 2022 IR 144", b"CT \x1b-L\xb3\xe0", "CT Гр"),
        ("ISO 2022 IR 100\\ISO 2022 IR 126", b"\xfc \x1b-F\xc8\x1b-A\xfc", "ü Θü"),
        # A value begins in the first set again.
        ("ISO 2022 IR 100\\ISO 2022 IR 126", b"\x1b-F\xc8\\\xfc", "Θ\\ü"),
    ],
)
def test_texts_that_switch_between_sets(
    tmp_path: Path, write_series: WriteSeries, character_set: str, text: bytes, expected: str
) -> None:
    assert described(tmp_path, write_series, character_set, text) == expected


@pytest.mark.parametrize(
    ("character_set", "text", "expected"),
    [
        ("ISO_IR 192", b"n\xfcchtern", "n\ufffdchtern"),
        ("ISO_IR 127", b"\xa1CT", "\ufffdCT"),
        ("GB18030", b"CT \xff", "CT \ufffd"),
        ("ISO_IR 999", b"n\xfcchtern", "n\ufffdchtern"),
        (None, b"n\xfcchtern", "n\ufffdchtern"),
        ("\\ISO 2022 IR 87", b"\x1b$B\x36", "\ufffd"),
    ],
)
def test_what_is_invalid_is_replaced(
    tmp_path: Path,
    write_series: WriteSeries,
    character_set: str | None,
    text: bytes,
    expected: str,
) -> None:
    assert described(tmp_path, write_series, character_set, text) == expected


@pytest.mark.parametrize(
    ("character_set", "text", "shown"),
    [
        (None, b"CHEST\x1b[31m\x07", "CHEST\\x1b[31m\\x07"),
        ("ISO_IR 192", b"a\nb\r\tc", "a\\x0ab\\x0d\\x09c"),
        ("ISO_IR 192", "a\u202eb\u009bc".encode(), "a\\u202eb\\x9bc"),
        ("\\ISO 2022 IR 87", b"CHEST\x1b[31m\x07", "CHEST\\x1b[31m\\x07"),
        ("\\ISO 2022 IR 87", b"\x1b$B\x36\x3b\x1b(B\x1b[2J", "胸\\x1b[2J"),
    ],
)
def test_control_characters_are_shown(
    tmp_path: Path, write_series: WriteSeries, character_set: str | None, text: bytes, shown: str
) -> None:
    assert described(tmp_path, write_series, character_set, text) == shown
    write_series(tmp_path, (5.0,), uid="1.2.3", prefix="other")
    with pytest.raises(InvalidArgument) as caught:
        lungrt.read_ct(tmp_path)
    assert shown in str(caught.value)
    assert not set(str(caught.value)) & {"\x1b", "\x07", "\r", "\t", "\u202e", "\x9b"}
