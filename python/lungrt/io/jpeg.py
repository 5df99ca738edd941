"""Pixels that are compressed as JPEG, JPEG-LS or JPEG 2000."""

from __future__ import annotations

import struct

__all__ = ["require_size_of_jpeg_2000", "require_whole_jpeg"]

_START, _END = b"\xff\xd8", b"\xff\xd9"
_SIZES = struct.Struct(">8x4I16xH")  # of a code stream of JPEG 2000
_SCAN = 0xDA  # the marker before the pixels
_WITH_LENGTH = {*range(0xC0, 0xFF)} - {*range(0xD0, 0xDA)}  # that may stand in a header
# Those before the header of a frame: SOF0 to SOF15, but for three between them, and JPEG-LS's.
_FRAMES = (*({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}), 0xF7)


def require_whole_jpeg(data: bytes, rows: int, columns: int) -> None:
    """Refuse what is no whole grey image of that size.

    Decoders fill what is missing, and say nothing; or they never return.

    Raises
    ------
    ValueError
        With the reason.
    """
    if not data.startswith(_START):
        raise ValueError("they do not begin as JPEG does")
    at, has_frame = 2, False
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # any number of them may precede a marker
            at += 1
            continue
        if marker not in _WITH_LENGTH:
            break
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if size < 2 or at + 2 + size > len(data):
            break
        if marker in _FRAMES:
            _require_frame(data[at + 2 : at + 2 + size], rows, columns)
            has_frame = True
        at += 2 + size
        if marker == _SCAN and has_frame:
            if _END not in data[at:]:
                raise ValueError("they end too early")
            return
        if marker == _SCAN:
            break
    raise ValueError("their header is not whole")


def require_size_of_jpeg_2000(data: bytes, rows: int, columns: int) -> None:
    """Refuse a code stream of another size; what is none is left to a decoder.

    Raises
    ------
    ValueError
        With the reason.
    """
    if not data.startswith(b"\xff\x4f\xff\x51"):
        return
    if len(data) < _SIZES.size:
        raise ValueError("their header is not whole")
    right, bottom, left, top, samples = _SIZES.unpack_from(data)
    if (bottom - top, right - left, samples) != (rows, columns, 1):
        raise ValueError(
            f"their header says {bottom - top} x {right - left} pixels of {samples} samples, the "
            f"file's {rows} x {columns} of one"
        )


def _require_frame(segment: bytes, rows: int, columns: int) -> None:
    if len(segment) < 8:
        raise ValueError("their header is not whole")
    bits, samples = segment[2], segment[7]
    height, width = (int.from_bytes(segment[at : at + 2], "big") for at in (3, 5))
    if not 2 <= bits <= 16 or (height, width, samples) != (rows, columns, 1):
        raise ValueError(
            f"their header says {height} x {width} pixels of {samples} x {bits} bits, the file's "
            f"{rows} x {columns} of one"
        )
