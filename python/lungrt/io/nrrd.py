"""Validation of NRRD files: on incomplete voxels, ITK would leak memory and an open file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lungrt.errors import BadVolume, Io
from lungrt.io.gz_file import pieces_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["validate_nrrd"]


def validate_nrrd(path: Path, size: int) -> None:
    """Refuse a file whose voxels are incomplete or stored in an unsupported way.

    Parameters
    ----------
    path
        The file with the header.
    size
        Size of the voxels in bytes according to the header.

    Raises
    ------
    lungrt.errors.BadVolume
        If the voxels are stored in several files, as text, or after lines to skip.
    lungrt.errors.Io
        If voxels are missing, or compressed data are damaged.
    """
    fields, header_size = _header(path)
    data = fields.get("datafile", "")
    if data.startswith("LIST") or "%" in data:
        _refuse(path, "its voxels are stored in one file per slice")
    if _number(fields, "lineskip") != 0:
        _refuse(path, "its voxels begin after lines of text (line skip)")
    encoding = _plain(fields.get("encoding", ""))
    compressed = encoding in ("gzip", "gz")
    if not compressed and encoding != "raw":
        _refuse(path, f"the encoding of its voxels is {encoding}")

    voxels = path.parent / data if data else path
    if not voxels.is_file():
        raise Io(
            f"{path}: cannot be read: its data file {voxels} was not found; "
            "copy it next to the header"
        )
    first = 0 if data else header_size
    found = _inflated_size(path, voxels, first) if compressed else voxels.stat().st_size - first
    # A byte skip of -1 means that the voxels are the last bytes of the file.
    available = max(0, found - max(0, _number(fields, "byteskip")))
    if available < size:
        raise Io(
            f"{path}: truncated: {voxels if data else 'it'} contains {available} of {size} bytes "
            "of voxels; copy or download it again"
        )


def _inflated_size(path: Path, voxels: Path, first: int) -> int:
    try:
        return sum(len(piece) for piece in pieces_of(voxels, compressed=True, first=first))
    except Io as error:
        if voxels == path:
            raise
        raise Io(f"{path}: {error}") from error


def _refuse(path: Path, what: str) -> None:
    raise BadVolume(f"{path}: {what}, which is not supported; convert it to another format")


def _header(path: Path) -> tuple[dict[str, str], int]:
    """Return the fields of the header and the offset of voxels that follow in the same file."""
    fields: dict[str, str] = {}
    size = 0
    with path.open("rb") as file:
        for line in file:
            size += len(line)
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            if not text:
                break  # voxels follow
            name, found, value = text.partition(": ")
            if found:
                fields[_plain(name)] = value.strip()
    return fields, size


def _plain(text: str) -> str:
    """Return text in lower case and without spaces, both of which vary between headers."""
    return "".join(text.split()).lower()


def _number(fields: dict[str, str], name: str) -> int:
    """Return the number in a field; 0 if there is none."""
    try:
        return int(fields.get(name, 0))
    except ValueError:
        return 0
