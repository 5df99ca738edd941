"""Pixels that are compressed by runs (RLE), as DICOM has them: PS3.5, annex G."""

from __future__ import annotations

import itertools
import struct

__all__ = ["require_sane_header", "require_whole_rle"]

_HEADER_BYTES = 64  # how many segments there are, and where 15 begin
_MOST_SEGMENTS = 15
_MOST_BITS = 32  # that GDCM decodes


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


def require_whole_rle(fragments: list[bytes], pixels: int, bits: int) -> None:
    """Refuse a slice that does not decode to as many pixels of as many bits.

    Raises
    ------
    ValueError
        With the reason.
    """
    if bits % 8 != 0 or bits > _MOST_BITS:
        raise ValueError(f"runs of {bits} bits a pixel are not supported")
    if len(fragments) != 1:
        raise ValueError(f"they lie in {len(fragments)} fragments, those of a slice in 1")
    (data,) = fragments
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
