"""Slices compressed as JPEG: what is read, and what is refused with which message."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import lungrt
from lungrt.errors import Io

# 8 x 10 pixels of 16 bits, all 1000, by transfer syntax.
STREAMS = {
    pydicom.uid.JPEGLSLossless: bytes.fromhex(
        "ffd8fff7000b100008000a01011100fff8000d01ffff0012004301140040ffda00080101000000003e7c00802008"
        "040201008080801fff7fc0ffd900"
    ),
    pydicom.uid.JPEGLosslessSV1: bytes.fromhex(
        "ffd8ffc3000b100008000a01011100ffc400150001010000000000000000000000000000000fffda0008"
        "01010001000081f380000000000000000000ffd9"
    ),
}
WriteJpeg = Callable[[str, bytes], Path]


@pytest.fixture
def write_jpeg(tmp_path: Path, write_series: Any) -> WriteJpeg:
    """Return a function that writes a series whose second slice has a certain stream."""

    def write(syntax: str, stream: bytes) -> Path:
        def edit(index: int, data: Any) -> None:
            data.file_meta.TransferSyntaxUID = syntax
            data.PixelData = pydicom.encaps.encapsulate([stream if index == 1 else STREAMS[syntax]])
            data["PixelData"].is_undefined_length = True

        write_series(tmp_path, (0.0, 2.5), edit=edit)
        return tmp_path

    return write


@pytest.mark.parametrize("syntax", STREAMS)
def test_whole_streams(write_jpeg: WriteJpeg, syntax: str) -> None:
    filled = STREAMS[syntax][:2] + b"\xff\xff" + STREAMS[syntax][2:]  # as may precede any marker
    hu = lungrt.read_ct(write_jpeg(syntax, filled)).hu
    assert np.array_equal(hu, np.full((2, 8, 10), -24))


def put(at: int, value: int) -> Callable[[bytes], bytes]:
    """Return what changes one byte of a stream, counted from its frame's header."""
    return lambda stream: stream[: 2 + at] + bytes([value]) + stream[3 + at :]


@pytest.mark.parametrize("syntax", STREAMS)
@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda stream: bytes(len(stream)), "they do not begin like JPEG data"),
        (lambda stream: stream[:10], "their header is incomplete"),
        (lambda stream: stream[: stream.rfind(b"\xff\xd9")], "their end is missing"),
        (
            put(4, 17),
            "their header says 8 x 10 pixels with 1 sample of 17 bits, the file's says 8 x 10",
        ),
        (put(8, 8), "their header says 8 x 8 pixels"),
        (put(3, 5), "their header is incomplete"),
        (put(1, 0xE0), "their header is incomplete"),
        (put(1, 0x00), "their header is incomplete"),
        (put(1, 0xD9), "their header is incomplete"),
    ],
)
def test_damaged_streams(
    write_jpeg: WriteJpeg, syntax: str, edit: Callable[[bytes], bytes], reason: str
) -> None:
    folder = write_jpeg(syntax, edit(STREAMS[syntax]))
    # SimpleITK refuses some at their header.
    refused = f"compressed pixels are damaged \\({re.escape(reason)}|damaged or truncated"
    with pytest.raises(Io, match=rf"slice001\.dcm: (its )?({refused})"):
        lungrt.read_ct(folder)
