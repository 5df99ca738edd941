"""What a DICOM file's bytes say, where its reader (GDCM) fails or is too forgiving."""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING

from lungrt.errors import Io
from lungrt.io.fragments import fragments_of
from lungrt.io.jpeg import require_size_of_jpeg_2000, require_whole_jpeg
from lungrt.io.rle import require_sane_header, require_whole_rle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["may_be_ct", "require_all_pixels", "require_sane_runs"]

_SUFFIXES = (".dcm", ".dicom", ".ima")
_META_BYTES = 4096  # the file meta group is at the start and has a few hundred bytes
_STORAGE_CLASS = 0x0002  # elements of that group: MediaStorageSOPClassUID,
_TRANSFER_SYNTAX = 0x0010  # TransferSyntaxUID
_CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"  # Enhanced and Legacy Converted add .1 and .2
# Where the length of a value lies, by transfer syntax without compression: after the tag, and where
# the syntax is explicit, after a representation of two letters and two unused bytes too.
_LENGTH_AT = {"1.2.840.10008.1.2": 4, "1.2.840.10008.1.2.1": 8}
_RUN_LENGTHS = "1.2.840.10008.1.2.5"
# How those of JPEG (5x, 6x, 70) and JPEG-LS (80, 81) begin; JPEG 2000 and others have 9x and more.
_JPEGS = tuple(f"1.2.840.10008.1.2.4.{digit}" for digit in (5, 6, 7, 8))
_JPEG_2000 = "1.2.840.10008.1.2.4.9"
_PIXEL_DATA = b"\xe0\x7f\x10\x00"


def may_be_ct(path: Path) -> bool:
    """Tell whether a file that is no readable image looks like a slice of a CT.

    Folders hold other things beside the slices - notes, structure sets, reports, DICOMDIR.
    """
    start = _read(path, _META_BYTES)
    if start[128:132] != b"DICM":
        return path.name.lower().endswith(_SUFFIXES)
    storage = _file_meta(start).get(_STORAGE_CLASS)
    return storage is None or storage.startswith(_CT_IMAGE_STORAGE)


def require_all_pixels(path: Path, rows: int, columns: int, bits: int) -> None:
    """Refuse a file whose pixel data are shorter than its image; also damaged RLE and JPEG.

    GDCM fills a short image with whatever lies in memory, and some damage would end the process.

    Parameters
    ----------
    path
        The file.
    rows, columns
        Size of its image.
    bits
        Of each pixel.

    Raises
    ------
    lungrt.errors.Io
        For fewer pixels, or damaged ones.
    """
    content = _read(path)
    syntax = _file_meta(content).get(_TRANSFER_SYNTAX, "")
    if syntax in _LENGTH_AT:
        _require_length(path, content, _LENGTH_AT[syntax], rows * columns * bits // 8)
        return
    with _naming_damage(path):
        if syntax == _RUN_LENGTHS:
            require_whole_rle(fragments_of(content), rows * columns, bits)
        elif syntax.startswith(_JPEGS):
            require_whole_jpeg(b"".join(fragments_of(content)), rows, columns)
        elif syntax.startswith(_JPEG_2000):
            require_size_of_jpeg_2000(b"".join(fragments_of(content)), rows, columns)
        # Of others, the decoder misses what is missing.


def require_sane_runs(path: Path) -> None:
    """Refuse a file compressed by runs (RLE) whose header would end the process in GDCM.

    Raises
    ------
    lungrt.errors.Io
        With the reason.
    """
    if _file_meta(_read(path, _META_BYTES)).get(_TRANSFER_SYNTAX) != _RUN_LENGTHS:
        return
    with _naming_damage(path):
        for fragment in fragments_of(_read(path)):
            require_sane_header(fragment)


def _require_length(path: Path, content: bytes, length_at: int, size: int) -> None:
    longest = 0
    at = content.find(_PIXEL_DATA)
    while 0 <= at <= len(content) - length_at - 4:
        (length,) = struct.unpack_from("<I", content, at + length_at)
        if at + length_at + 4 + length <= len(content):
            longest = max(longest, length)
        if longest >= size:
            return
        at = content.find(_PIXEL_DATA, at + 1)  # that was an icon's
    raise Io(
        f"{path}: holds {longest} bytes of pixels, its image has {size}; fetch it anew or move it "
        "out of the folder"
    )


@contextlib.contextmanager
def _naming_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise Io(
            f"{path}: its compressed pixels are damaged ({error}); fetch it anew or move it out of "
            "the folder"
        ) from error


def _read(path: Path, size: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise Io(f"{path}: cannot be read ({error.strerror})") from error


def _file_meta(content: bytes) -> dict[int, str]:
    """Texts of the file meta group (0002) by element; it is explicit little endian in any file."""
    found: dict[int, str] = {}
    if content[128:132] != b"DICM":
        return found
    at = 132
    while at + 12 <= len(content):
        group, element, representation, length = struct.unpack_from("<HH2sH", content, at)
        if group != 2:
            break
        at += 8
        if representation in (b"OB", b"UN"):
            (length,) = struct.unpack_from("<I", content, at)
            at += 4
        elif at + length <= len(content):
            found[element] = content[at : at + length].decode("ascii", "replace").strip(" \0")
        at += length
    return found
