"""Whether the voxels of an NRRD header are all there.

Where they are not, its reader leaves their file open and keeps memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt.errors import BadVolume, Io
from lungrt.io.gz_file import pieces_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["require_complete_nrrd"]


def require_complete_nrrd(path: Path, size: int) -> None:
    """Refuse a header whose voxels are not whole, or in a way that is not supported.

    Parameters
    ----------
    path
        The file with the header.
    size
        Bytes of the voxels, by the header.

    Raises
    ------
    lungrt.errors.BadVolume
        For voxels in several files, of text, or after lines to be skipped.
    lungrt.errors.Io
        For fewer bytes, or damaged compressed data.
    """
    fields, header_size = _header(path)
    data = fields.get("datafile", "")
    if data.startswith("LIST") or "%" in data:
        _refuse(path, "its voxels lie in a file for each slice")
    if _number(fields, "lineskip") != 0:
        _refuse(path, "its voxels lie after lines of text (line skip)")
    encoding = _plain(fields.get("encoding", ""))
    compressed = encoding in ("gzip", "gz")
    if not compressed and encoding != "raw":
        _refuse(path, f"the encoding of its voxels is {encoding}")

    voxels = path.parent / data if data else path
    if not voxels.is_file():
        raise Io(f"{path}: cannot be read; {voxels}, which is to hold its voxels, is no file")
    first = 0 if data else header_size
    found = _inflated_size(path, voxels, first) if compressed else voxels.stat().st_size - first
    there = max(0, found - max(0, _number(fields, "byteskip")))  # -1: they are the file's end
    if there < size:
        raise Io(
            f"{path}: truncated, {voxels if data else 'it'} holds {there} of {size} bytes of "
            "voxels; fetch it anew"
        )


def _inflated_size(path: Path, voxels: Path, first: int) -> int:
    try:
        return sum(len(piece) for piece in pieces_of(voxels, compressed=True, first=first))
    except Io as error:
        if voxels == path:
            raise
        raise Io(f"{path}: {error}") from error


def _refuse(path: Path, what: str) -> None:
    raise BadVolume(f"{path}: {what}, which is not supported; convert it")


def _header(path: Path) -> tuple[dict[str, str], int]:
    """Return the fields, and the bytes up to voxels that follow in the same file."""
    fields: dict[str, str] = {}
    size = 0
    with path.open("rb") as file:
        for line in file:
            size += len(line)
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            if not text:
                break  # what follows are voxels
            name, found, value = text.partition(": ")
            if found:
                fields[_plain(name)] = value.strip()
    return fields, size


def _plain(text: str) -> str:
    """Return it without letter case and spaces, which a header may write in two ways."""
    return "".join(text.split()).lower()


def _number(fields: dict[str, str], name: str) -> int:
    """Return the number that a field is, 0 where there is none."""
    try:
        return int(fields.get(name, 0))
    except ValueError:
        return 0
