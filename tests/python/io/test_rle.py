"""Slices compressed with run lengths (RLE): what is read, and what is refused."""

from __future__ import annotations

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


def header(segments: int, *begins: int) -> bytes:
    return struct.pack("<I", segments) + struct.pack(f"<{len(begins)}I", *begins).ljust(60, b"\0")


def rewrite_fragments(path: Path, edit: Callable[[bytes], Sequence[bytes]]) -> None:
    data = pydicom.dcmread(path)
    data.compress(pydicom.uid.RLELossless)
    (fragment,) = pydicom.encaps.generate_frames(data.PixelData, number_of_frames=1)
    data.PixelData = pydicom.encaps.encapsulate(list(edit(fragment)))
    data.save_as(path)


def test_damaged_slice_is_named(ct_folder: Path) -> None:
    rewrite_fragments(ct_folder / "slice003.dcm", lambda fragment: [header(0) + fragment[64:]])
    # In a process of its own: without the guard, the decoder would end this one.
    program = "import sys, lungrt; lungrt.read_ct(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", program, ct_folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert (
        "slice003.dcm: its compressed pixels are damaged (their header says 0 segments, but "
        "pixels of 16 bits need 2); copy it again or move it out of the folder"
    ) in done.stderr


def test_runs_in_several_fragments(ct_folder: Path) -> None:
    path = ct_folder / "slice003.dcm"
    rewrite_fragments(path, lambda fragment: [fragment, fragment])
    with pytest.raises(Io, match=r"slice003\.dcm: .*consist of 2 fragments, expected 1 per slice"):
        lungrt.read_ct(ct_folder)


def test_truncated_slice_is_named(ct_folder: Path) -> None:
    path = ct_folder / "slice003.dcm"
    rewrite_fragments(path, lambda fragment: [fragment])
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(Io, match=r"slice003\.dcm: damaged or truncated DICOM file"):
        lungrt.read_ct(ct_folder)


def test_eight_bits(tmp_path: Path, write_series: Any, pixels: Any) -> None:
    def edit(index: int, data: Any) -> None:
        data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
        data.PixelData = (pixels(index) % 256).astype(np.uint8).tobytes()

    for path in write_series(tmp_path, edit=edit):
        rewrite_fragments(path, lambda fragment: [fragment])
    expected = np.stack([pixels(index) % 256 for index in range(6)]).astype(np.int16) - 1024
    assert np.array_equal(lungrt.read_ct(tmp_path).hu, expected)
