"""Slices that are compressed by runs (RLE): what is read, and what is refused in which words."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import lungrt
from lungrt.errors import Io
from lungrt.io.rle import require_whole_rle

HIGH, LOW = b"\xfb\x01", b"\x80\x05\0\1\2\3\4\5"  # 6 pixels: runs of one value, of none, as it is


def header(segments: int, *begins: int) -> bytes:
    return struct.pack("<I", segments) + struct.pack(f"<{len(begins)}I", *begins).ljust(60, b"\0")


def rewrite_fragments(path: Path, edit: Callable[[bytes], Sequence[bytes]]) -> None:
    data = pydicom.dcmread(path)
    data.compress(pydicom.uid.RLELossless)
    (fragment,) = pydicom.encaps.generate_frames(data.PixelData, number_of_frames=1)
    data.PixelData = pydicom.encaps.encapsulate(list(edit(fragment)))
    data.save_as(path)


@pytest.mark.parametrize(
    "data",
    [header(2, 64, 66) + HIGH + LOW, header(2, 64, 67) + HIGH + b"\0" + LOW + b"\0"],
    ids=["tight", "padded"],
)
def test_whole_runs(data: bytes) -> None:
    require_whole_rle([data], 6, 16)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "they have 0 bytes, their header alone 64"),
        (header(2, 64, 66)[:62], "they have 62 bytes"),
        (header(0) + HIGH + LOW, "header says 0 segments, expected 1 to 15"),
        (header(1, 64) + HIGH + LOW, "header says 1 segments, pixels of 16 bits have 2"),
        (header(16, *range(64, 79)) + HIGH + LOW, "header says 16 segments"),
        (header(0x20000002, 64, 66) + HIGH + LOW, "header says 536870914 segments"),
        (header(2, 0, 66) + HIGH + LOW, "segment 1 is said to be bytes 0 to 66 of 74"),
        (header(2, 65, 66) + HIGH + LOW, "segment 1 is said to be bytes 65 to 66 of 74"),
        (header(2, 64, 63) + HIGH + LOW, "segment 1 is said to be bytes 64 to 63 of 74"),
        (header(2, 64, 75) + HIGH + LOW, "segment 1 is said to be bytes 64 to 75 of 74"),
        (header(2, 64, 66) + HIGH + LOW[:-2], "segment 2 holds 0 of 6 pixels"),
        (header(2, 64, 66) + HIGH, "segment 2 holds 0 of 6 pixels"),
        (header(2, 64, 66) + b"\xfc\1" + LOW, "segment 1 holds 5 of 6 pixels"),
        (header(2, 64, 66) + b"\xfa\1" + LOW, "segment 1 holds 7 of 6 pixels"),
    ],
)
def test_runs_that_are_not_whole(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        require_whole_rle([data], 6, 16)


@pytest.mark.parametrize("bits", [12, 64])
def test_bits_that_are_not_supported(bits: int) -> None:
    with pytest.raises(ValueError, match=f"runs of {bits} bits a pixel are not supported"):
        require_whole_rle([header(2, 64, 66) + HIGH + LOW], 6, bits)


def test_damaged_slice_is_named(ct_folder: Path) -> None:
    rewrite_fragments(ct_folder / "slice003.dcm", lambda fragment: [header(0) + fragment[64:]])
    # In a process of its own: without the guard, the decoder would end this one.
    program = "import sys, lungrt; lungrt.read_ct(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", program, ct_folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert (
        "slice003.dcm: its compressed pixels are damaged (their header says 0 segments, expected 1 "
        "to 15); fetch it anew or move it out of the folder"
    ) in done.stderr


def test_runs_in_several_fragments(ct_folder: Path) -> None:
    path = ct_folder / "slice003.dcm"
    rewrite_fragments(path, lambda fragment: [fragment, fragment])
    with pytest.raises(Io, match=r"slice003\.dcm: .*lie in 2 fragments, those of a slice in 1"):
        lungrt.read_ct(ct_folder)


def test_damaged_file_of_another_kind_is_ignored(ct_folder: Path) -> None:
    path = ct_folder / "capture.dcm"
    data = pydicom.dcmread(ct_folder / "slice003.dcm")
    data.file_meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    data.SOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    data.save_as(path)
    rewrite_fragments(path, lambda fragment: [header(0) + fragment[64:]])
    assert lungrt.read_ct(ct_folder).shape == (6, 8, 10)


def test_truncated_slice_is_named(ct_folder: Path) -> None:
    path = ct_folder / "slice003.dcm"
    rewrite_fragments(path, lambda fragment: [fragment])
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(Io, match=r"slice003\.dcm: its compressed pixels.*it ends within"):
        lungrt.read_ct(ct_folder)


def test_eight_bits(tmp_path: Path, write_series: Any, pixels: Any) -> None:
    def edit(index: int, data: Any) -> None:
        data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
        data.PixelData = (pixels(index) % 256).astype(np.uint8).tobytes()

    for path in write_series(tmp_path, edit=edit):
        rewrite_fragments(path, lambda fragment: [fragment])
    expected = np.stack([pixels(index) % 256 for index in range(6)]).astype(np.int16) - 1024
    assert np.array_equal(lungrt.read_ct(tmp_path).hu, expected)
