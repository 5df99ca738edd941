"""What the reader of MetaImages takes and lungrt does not: text, lists, missing voxels."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from lungrt.errors import BadVolume, Io

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["require_complete_meta_image"]

_CHUNK_BYTES = 1 << 18
_ZLIB_OR_GZIP = 47  # zlib's way of asking for both


def require_complete_meta_image(path: Path, size: int) -> None:
    """Refuse a file of another kind; inflate the voxels of one whose voxels are compressed.

    Where some are missing, the reader leaves voxels as they were; where they are not compressed, it
    notices itself.

    Parameters
    ----------
    path
        The file with the header.
    size
        Bytes of the voxels, by the header.

    Raises
    ------
    lungrt.errors.BadVolume
        For voxels as text, or in a file for each slice.
    lungrt.errors.Io
        For fewer bytes, damaged data, or a header that leads the reader to a part of them.
    """
    fields, end = _header(path)
    if not _is_true(fields.get("BinaryData") or "True"):
        raise BadVolume(
            f"{path}: its voxels are written as text (BinaryData = False), which is not supported; "
            "convert it"
        )
    data = fields.get("ElementDataFile", "")
    if data.startswith("LIST") or "%" in data:
        raise BadVolume(
            f"{path}: its voxels lie in a file for each slice, which is not supported; convert it"
        )
    if not _is_true(fields.get("CompressedData", "")):
        return
    is_local = data in ("LOCAL", "Local", "local")
    begin = _number(fields.get("HeaderSize")) or (end if is_local else 0)
    try:
        found, taken = _inflated(path if is_local else path.parent / data, begin)
    except (OSError, EOFError, zlib.error) as error:
        raise Io(f"{path}: truncated or damaged ({error}); fetch it anew") from error
    stated = _number(fields.get("CompressedDataSize"))
    if stated < taken if stated else begin > 0:
        raise Io(
            f"{path}: its voxels are {taken} bytes when compressed, its CompressedDataSize is "
            f"{fields.get('CompressedDataSize', 'missing')}; convert it anew"
        )
    if found < size:
        raise Io(f"{path}: truncated, it holds {found} of {size} bytes of voxels; fetch it anew")


def _header(path: Path) -> tuple[dict[str, str], int]:
    """Fields of the header, and where it ends."""
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
    """Return the number that a field is, 0 where there is none."""
    return int(text) if text and text.isdecimal() else 0


def _inflated(path: Path, begin: int) -> tuple[int, int]:
    """How many bytes there are in a file from some place on, and how many when compressed."""
    stream = zlib.decompressobj(_ZLIB_OR_GZIP)
    found = 0
    with path.open("rb") as file:
        file.seek(begin)
        while not stream.eof and (chunk := file.read(_CHUNK_BYTES)):
            found += len(stream.decompress(chunk))
        if not stream.eof:
            raise EOFError("its compressed data end too early")
        return found, file.tell() - len(stream.unused_data) - begin
