"""Pixels that are compressed by runs (RLE), as DICOM has them: PS3.5, annex G."""

from __future__ import annotations

import itertools
import re
import struct

__all__ = ["fragments_of", "require_sane_header", "require_whole_rle"]

_HEADER_BYTES = 64  # how many segments there are, and where 15 begin
_MOST_SEGMENTS = 15
_MOST_BITS = 32  # that GDCM decodes
_PIXELS_IN_FRAGMENTS = re.compile(rb"\xe0\x7f\x10\x00(?:OB|OW|UN)..\xff\xff\xff\xff", re.DOTALL)
_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"


def fragments_of(content: bytes) -> list[bytes]:
    """Return the fragments of a file's pixels, none where they are not in fragments.

    Raises
    ------
    ValueError
        For a file that ends within them.
    """
    fragments: list[bytes] = []
    for found in _PIXELS_IN_FRAGMENTS.finditer(content):
        fragments, at = [], found.end()  # the last in a file count: those before are an icon's
        while content[at : at + 4] == _ITEM and at + 8 <= len(content):
            (size,) = struct.unpack_from("<I", content, at + 4)
            fragments.append(content[at + 8 : at + 8 + size])
            at += 8 + size
        if content[at : at + 4] != _END:
            raise ValueError("it ends within its pixels")
    return fragments[1:]  # the first is a table of offsets


def require_sane_header(data: bytes) -> None:
    """Refuse a fragment whose header leads out of it.

    GDCM takes it at its word: it divides by the number of segments, and reads wherever they are
    said to be.

    Raises
    ------
    ValueError
        With the reason.
    """
    if len(data) < _HEADER_BYTES:
        raise ValueError(f"they have {len(data)} bytes, their header alone {_HEADER_BYTES}")
    (segments,) = struct.unpack_from("<I", data)
    if not 1 <= segments <= _MOST_SEGMENTS:
        raise ValueError(f"their header says {segments} segments, expected 1 to {_MOST_SEGMENTS}")
    for index, (begin, end) in enumerate(itertools.pairwise(_limits(data)), 1):
        wrong_start = begin < _HEADER_BYTES or (index == 1 and begin > _HEADER_BYTES)
        if wrong_start or not begin <= end <= len(data):
            raise ValueError(f"segment {index} is said to be bytes {begin} to {end} of {len(data)}")


def require_whole_rle(data: bytes, pixels: int, bits: int) -> None:
    """Refuse a fragment that does not decode to as many pixels of as many bits.

    Raises
    ------
    ValueError
        With the reason.
    """
    if bits % 8 != 0 or bits > _MOST_BITS:
        raise ValueError(f"runs of {bits} bits a pixel are not supported")
    require_sane_header(data)
    limits = _limits(data)
    segments = len(limits) - 1
    if segments != bits // 8:
        raise ValueError(
            f"their header says {segments} segments, pixels of {bits} bits have {bits // 8}"
        )
    for index, (begin, end) in enumerate(itertools.pairwise(limits), 1):
        found = _decoded_size(data[begin:end], pixels)
        if found != pixels:
            raise ValueError(f"segment {index} holds {found} of {pixels} pixels")


def _limits(data: bytes) -> list[int]:
    """Where each segment begins, and where the last one ends."""
    segments, *begins = struct.unpack_from("<16I", data)
    return [*begins[:segments], len(data)]


def _decoded_size(segment: bytes, enough: int) -> int:
    """Bytes that runs stand for, up to the one with which there are enough."""
    size = at = 0
    end = len(segment)
    while size < enough and at < end:
        run = segment[at]
        if run < 128:  # as many bytes and one, as they are
            at += run + 2
            run += 1
        elif run > 128:  # one byte, repeated
            at += 2
            run = 257 - run
        else:
            at += 1
            run = 0
        if at > end:
            break
        size += run
    return size
