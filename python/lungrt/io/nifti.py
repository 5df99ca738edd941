"""Whether a NIfTI file is all there: its readers fill what is missing with zeros."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

from lungrt.errors import Io
from lungrt.io.gz_file import pieces_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["require_complete_nifti"]

_HEADER_BYTES = 540  # of NIfTI-2; NIfTI-1 has 348


def require_complete_nifti(path: Path) -> None:
    """Read a file to its end, checking the checksum where it is compressed.

    Raises
    ------
    lungrt.errors.Io
        For fewer bytes than the header promises, or damaged compressed data.
    """
    header, found = b"", 0
    for piece in pieces_of(path, compressed=path.name.endswith(".gz")):
        header = header or piece[:_HEADER_BYTES]
        found += len(piece)
    promised = _promised_bytes(header)
    if found < promised:
        raise Io(
            f"{path}: truncated, it holds {found} of {promised} bytes that its header promises; "
            "fetch it anew"
        )


def _promised_bytes(header: bytes) -> int:
    """Size of the file by its header, of either format and byte order."""
    header = header.ljust(_HEADER_BYTES, b"\0")
    for order in "<>":
        (header_size,) = struct.unpack_from(f"{order}i", header, 0)
        if header_size == 348:
            dims = struct.unpack_from(f"{order}8h", header, 40)
            (bits,) = struct.unpack_from(f"{order}h", header, 72)
            (offset,) = struct.unpack_from(f"{order}f", header, 108)
        elif header_size == 540:
            dims = struct.unpack_from(f"{order}8q", header, 16)
            (bits,) = struct.unpack_from(f"{order}h", header, 14)
            (offset,) = struct.unpack_from(f"{order}q", header, 168)
        else:
            continue
        if math.isfinite(offset):
            return int(offset + math.prod(dims[1 : dims[0] + 1]) * bits // 8)
    return _HEADER_BYTES  # unknown kinds are left to the reader, once they have a header at all
