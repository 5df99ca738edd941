"""Validation of MetaImage files that ITK would accept although lungrt must not."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from lungrt.errors import BadVolume, Io

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["validate_meta_image"]

_CHUNK_BYTES = 1 << 18
_ZLIB_OR_GZIP = 47  # wbits with which zlib accepts both formats


def validate_meta_image(path: Path, size: int) -> None:
    """Refuse unsupported kinds of MetaImage, and compressed voxels that are incomplete.

    If compressed voxels are incomplete, ITK leaves the missing ones uninitialised without an error;
    they are inflated here to find out. ITK does notice incomplete voxels that are not compressed.

    Parameters
    ----------
    path
        The file with the header.
    size
        Size of the voxels in bytes according to the header.

    Raises
    ------
    lungrt.errors.BadVolume
        If the voxels are stored as text, or in one file per slice.
    lungrt.errors.Io
        If voxels are missing or damaged, or the header makes ITK read only a part of them.
    """
    fields, end = _header(path)
    if not _is_true(fields.get("BinaryData") or "True"):
        raise BadVolume(
            f"{path}: its voxels are stored as text (BinaryData = False), which is not supported; "
            "convert the file to binary voxels"
        )
    data = fields.get("ElementDataFile", "")
    if data.startswith("LIST") or "%" in data:
        raise BadVolume(
            f"{path}: its voxels are stored in one file per slice, which is not supported; convert "
            "them to a single file"
        )
    if not _is_true(fields.get("CompressedData", "")):
        return
    is_local = data in ("LOCAL", "Local", "local")
    begin = _number(fields.get("HeaderSize")) or (end if is_local else 0)
    try:
        found, taken = _inflated(path if is_local else path.parent / data, begin)
    except (OSError, EOFError, zlib.error) as error:
        raise Io(f"{path}: truncated or damaged ({error}); copy or download it again") from error
    stated = _number(fields.get("CompressedDataSize"))
    if stated < taken if stated else begin > 0:
        raise Io(
            f"{path}: its compressed voxels have {taken} bytes, but its CompressedDataSize is "
            f"{fields.get('CompressedDataSize', 'missing')}; convert the original again"
        )
    if found < size:
        raise Io(
            f"{path}: truncated: it contains {found} of {size} bytes of voxels; copy or download "
            "it again"
        )


def _header(path: Path) -> tuple[dict[str, str], int]:
    """Return the fields of the header and the offset at which it ends."""
    fields: dict[str, str] = {}
    with path.open("rb") as file:
        for line in file:
            name, _, value = line.decode("utf-8", "replace").partition("=")
            fields[name.strip()] = value.strip()
            if name.strip() == "ElementDataFile":
                break
        return fields, file.tell()


def _is_true(text: str) -> bool:
    return text[:1] in ("T", "t", "1")


def _number(text: str | None) -> int:
    """Return the number in a field; 0 if there is none."""
    return int(text) if text and text.isdecimal() else 0


def _inflated(path: Path, begin: int) -> tuple[int, int]:
    """Return the size of the data that begin at an offset: inflated, and as compressed."""
    stream = zlib.decompressobj(_ZLIB_OR_GZIP)
    found = 0
    with path.open("rb") as file:
        file.seek(begin)
        while not stream.eof and (chunk := file.read(_CHUNK_BYTES)):
            found += len(stream.decompress(chunk))
        if not stream.eof:
            raise EOFError("its compressed data is incomplete")
        return found, file.tell() - len(stream.unused_data) - begin
