"""Transfer syntaxes beside those that pydicom writes: how pixels are stored, and their damage."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import UID

import lungrt
from lungrt.errors import Io

WriteSeries = Callable[..., list[Path]]
Pixels = Callable[..., Any]
DEFLATED_FRAMES, UNCOMPRESSED = "1.2.840.10008.1.2.8.1", "1.2.840.10008.1.2.1.98"


def deflated(content: bytes) -> bytes:
    return zlib.compress(content)[2:-4]


def write(
    folder: Path, write_series: WriteSeries, syntax: str, change: Callable[[bytes], bytes]
) -> None:
    """Write a series whose pixels are changed and put in fragments."""

    def edit(index: int, data: Any) -> None:
        data.file_meta.TransferSyntaxUID = UID(UNCOMPRESSED)
        data.PixelData = encapsulate([change(data.PixelData)])
        data["PixelData"].VR, data["PixelData"].is_undefined_length = "OB", True

    for path in write_series(folder, edit=edit):
        # pydicom does not write a syntax that it does not know.
        wanted = syntax.encode().ljust(len(UNCOMPRESSED), b"\0")
        path.write_bytes(path.read_bytes().replace(UNCOMPRESSED.encode(), wanted))


def check(folder: Path, pixels: Pixels) -> None:
    expected = np.stack([pixels(k).astype(np.int16) - 1024 for k in range(6)])
    assert np.array_equal(lungrt.read_ct(folder).hu, expected)


@pytest.mark.parametrize(("syntax", "change"), [(DEFLATED_FRAMES, deflated), (UNCOMPRESSED, bytes)])
def test_frames_that_need_no_decoder(
    tmp_path: Path,
    write_series: WriteSeries,
    pixels: Pixels,
    syntax: str,
    change: Callable[[bytes], bytes],
) -> None:
    write(tmp_path, write_series, syntax, change)
    check(tmp_path, pixels)


@pytest.mark.parametrize(
    ("syntax", "change", "reason"),
    [
        (DEFLATED_FRAMES, lambda data: deflated(data[:-2]), "contains 158 bytes of pixels"),
        (DEFLATED_FRAMES, lambda data: b"\xff" * 20, "cannot be decoded"),
        (UNCOMPRESSED, lambda data: data[:-2], "contains 158 bytes of pixels, but .* needs 160"),
    ],
)
def test_frames_that_are_damaged(
    tmp_path: Path,
    write_series: WriteSeries,
    syntax: str,
    change: Callable[[bytes], bytes],
    reason: str,
) -> None:
    write(tmp_path, write_series, syntax, change)
    with pytest.raises(Io, match=rf"slice\d+\.dcm: .*{reason}"):
        lungrt.read_ct(tmp_path)


def test_implicit_tags_with_big_endian_pixels(
    tmp_path: Path, write_series: WriteSeries, pixels: Pixels
) -> None:
    for index, path in enumerate(write_series(tmp_path)):
        data = pydicom.dcmread(path)
        data.PixelData = pixels(index).astype(">u2").tobytes()
        data["PixelData"].VR = "OW"
        data.file_meta.TransferSyntaxUID = UID("1.2.840.113619.5.2")
        pydicom.dcmwrite(path, data, implicit_vr=True, little_endian=True)
    check(tmp_path, pixels)


def test_deflated_file_that_is_truncated(tmp_path: Path, write_series: WriteSeries) -> None:
    def edit(index: int, data: Any) -> None:
        data.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian

    (path,) = write_series(tmp_path, (0.0,), edit=edit)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Io, match="damaged or truncated DICOM file"):
        lungrt.read_ct(tmp_path)
