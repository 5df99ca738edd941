"""Decoding of DICOM slices in Python, called by the C++ reader, and signals."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

import lungrt
from lungrt import _core
from lungrt.errors import BadVolume, Io


@pytest.fixture
def compressed(ct_folder: Path) -> Path:
    """Return a folder of six slices that need a decoder, 8 x 10 each."""
    for path in ct_folder.iterdir():
        data = pydicom.dcmread(path)
        data.compress(pydicom.uid.RLELossless)
        data.save_as(path)
    return ct_folder


@pytest.mark.parametrize("kind", [np.int16, np.uint16, np.int32, np.uint32, np.int8, np.uint8])
def test_values_of_every_type(compressed: Path, kind: type[np.generic]) -> None:
    def decode(name: str, file: bytes) -> NDArray[Any]:
        return np.asfortranarray(np.arange(80).reshape(8, 10).astype(kind))

    hu = _core.read_ct(compressed, decode).hu
    assert hu.dtype == np.int16
    assert np.array_equal(hu, np.broadcast_to(np.arange(80).reshape(8, 10) - 1024, (6, 8, 10)))


@pytest.mark.parametrize(
    ("values", "error", "reason"),
    [
        (np.zeros((8, 9)), Io, "72 values, expected 80"),
        (np.zeros((8, 10), np.float32), Io, "type float32 are not those of a CT"),
        (np.full((8, 10), 40_000), Io, "type int64 are not those of a CT"),
        (
            np.full((8, 10), 40_000, np.int32),
            BadVolume,
            "contains a value of 38976 HU, which is beyond int16",
        ),
    ],
)
def test_values_that_are_no_slice(
    compressed: Path, values: NDArray[Any], error: type[Exception], reason: str
) -> None:
    def decode(name: str, file: bytes) -> NDArray[Any]:
        return values

    with pytest.raises(error, match=rf"slice\d+\.dcm: .*{reason}"):
        _core.read_ct(compressed, decode)


def test_a_decoder_sees_one_slice_and_nothing_of_its_patient(compressed: Path) -> None:
    seen = []

    def decode(name: str, file: bytes) -> NDArray[Any]:
        data = pydicom.dcmread(BytesIO(file))
        seen.append({element.keyword for element in data})
        return data.pixel_array.astype(np.int32)

    expected = lungrt.read_ct(compressed).hu
    assert np.array_equal(_core.read_ct(compressed, decode).hu, expected)
    assert len(seen) == 6
    for keywords in seen:
        assert not any(word in keyword for keyword in keywords for word in ("Patient", "Series"))


# 8 x 10 pixels of 16 bits, 1000, 1001, ..., that OpenJPH compressed.
HIGH_THROUGHPUT = bytes.fromhex(
    "ff4fff51002940000000000a0000000800000000000000000000000a00000008000000000000000000010f"
    "0101ff50000800020000000aff52000c00020001000204044001ff5c000a2088909090888888ff64001700"
    "014f70656e4a50482056657220302e32362e332eff90000a0000000000440001ff93c0002d202ff8e9fb13"
    "fce5fb077ef8fe010800f9b600a00009c02c630024775500c0002580005480f0d07514005244e4e647c9ec"
    "b600ffd9"
)


@pytest.mark.parametrize("last", ["201", "202", "203"])
def test_high_throughput_jpeg_2000(
    tmp_path: Path, write_series: Callable[..., list[Path]], last: str
) -> None:
    def edit(index: int, data: Any) -> None:
        data.file_meta.TransferSyntaxUID = pydicom.uid.UID("1.2.840.10008.1.2.4." + last)
        data.PixelData = pydicom.encaps.encapsulate([HIGH_THROUGHPUT])
        data["PixelData"].VR, data["PixelData"].is_undefined_length = "OB", True

    write_series(tmp_path, edit=edit)
    expected = np.arange(80).reshape(8, 10) + 1000 - 1024
    assert np.array_equal(lungrt.read_ct(tmp_path).hu, np.broadcast_to(expected, (6, 8, 10)))


def test_what_a_decoder_raises_comes_out(compressed: Path) -> None:
    def decode(name: str, file: bytes) -> NDArray[Any]:
        raise LookupError(name)

    with pytest.raises(LookupError, match=r"slice\d+\.dcm"):
        _core.read_ct(compressed, decode)


def test_ctrl_c_ends_the_reading(compressed: Path) -> None:
    once = iter([signal.SIGINT])

    def decode(name: str, file: bytes) -> NDArray[Any]:
        for number in once:
            signal.raise_signal(number)
        return np.zeros((8, 10), np.int16)

    with pytest.raises(KeyboardInterrupt):
        _core.read_ct(compressed, decode)


def test_names_that_are_no_text(ct_folder: Path) -> None:
    named = os.fsencode(ct_folder) + b"/slice\xff.dcm"
    Path(os.fsdecode(named)).write_bytes(b"")
    with pytest.raises(Io) as caught:
        lungrt.read_ct(ct_folder)
    assert os.fsencode(str(caught.value)).startswith(named + b": damaged")
